import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../base/client-command.js';
import { copiesText, transferError, transferLine, unmetFindings, unmetText } from '../base/transfer-report.js';
import { currentFileTime, newFileMode, standardInput } from '../local/standard-streams.js';

export default class Write extends ClientCommand {
  static override summary = 'Store standard input as the whole content of a file.';
  static override description = 'Nothing is visible before the input has ended. A file of that name gets a new version.';
  static override args = {
    path: Args.string({ required: true, ignoreStdin: true, description: 'The remote file.' }),
  };
  static override flags = {
    copies: Flags.integer({
      min: 1,
      max: 16,
      description: "How many nodes are to hold it. Default: the member's.",
      helpValue: 'NUMBER',
    }),
  };
  static override examples = ['date | <%= config.bin %> write /notes/today.txt'];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Write);
    const { client } = await this.client(flags.context);
    const beginMs = Date.now();
    const report = await client.write({
      path: args.path,
      bytes: standardInput(this),
      mode: newFileMode(),
      modified: currentFileTime(),
      copies: flags.copies ?? 0,
      signal: this.interrupted,
    });
    const error = transferError(report, report.files);
    if (error !== undefined) throw error;
    const durationMs = Date.now() - beginMs;
    this.say(`Stored ${transferLine({ ...report, durationMs })}, ${copiesText(report)}.`);
    const asked = { path: args.path, copies: flags.copies ?? 0 };
    const findings = await unmetFindings(client, asked, report, this.interrupted);
    const unmet = unmetText(report.filesBelow, findings);
    if (unmet !== '') this.warnAside(unmet);
    const { bytes, sentBytes, knownBytes, holeBytes, copies, fewestCopies } = report;
    return {
      path: args.path,
      size: bytes,
      sent: sentBytes,
      known: knownBytes,
      holes: holeBytes,
      copies,
      fewestCopies,
      filesBelow: report.filesBelow,
      findings,
      durationMs,
    };
  }
}
