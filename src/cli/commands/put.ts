import { Args, Flags } from '@oclif/core';
import { CollectiveError, formatSize } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';
import {
  copiesText,
  failureLines,
  failuresJson,
  transferError,
  transferLine,
  unmetFindings,
  unmetText,
} from '../base/transfer-report.js';
import { currentFileTime, newFileMode, standardInput } from '../local/standard-streams.js';
import { transferView } from '../progress/transfer-bar.js';

export default class Put extends ClientCommand {
  static override summary = 'Store files and folders.';
  static override description =
    'Like cp -r: the last path is where the others go, in your tree. A folder there takes them in; a path that does not exist yet ' +
    'becomes the new name; with a slash at its end it is made as a folder. A file of the same name gets a new version. ' +
    'Symlinks inside folders, permissions and times are kept. With - the content comes from standard input.';
  static override usage = 'put LOCAL... REMOTE';
  static override args = {
    paths: Args.string({
      required: true,
      multiple: true,
      ignoreStdin: true,
      description: 'Local files and folders, and last the remote path.',
    }),
  };
  static override flags = {
    copies: Flags.integer({
      min: 1,
      max: 16,
      description: "How many copies there are to be. Default: the folder's policy.",
      helpValue: 'NUMBER',
    }),
  };
  static override examples = [
    { description: 'A folder, as /photos', command: '<%= config.bin %> put ~/photos /photos' },
    { description: 'Files, into a folder', command: '<%= config.bin %> put a.jpg b.jpg /photos/' },
    { description: 'A stream', command: 'tar c src | <%= config.bin %> put - /backup/src.tar' },
  ];

  protected override readonly whenInterrupted =
    'Interrupted: files that were not finished are not there. The same command sends only what is missing; ' +
    'a folder under a new name goes on with collective sync FOLDER :/NAME.';

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Put);
    const paths = [...args.paths];
    const destination = paths.pop() ?? '';
    if (paths.length === 0)
      throw new CollectiveError('USAGE', 'Say what to store and where.', { next: 'collective put <local> <remote>' });
    if (paths.includes('-') && paths.length > 1) throw new CollectiveError('USAGE', '- cannot be put together with other files.');
    const { client } = await this.client(flags.context);
    const view = await transferView(this.interactive && paths[0] !== '-', 'put');
    this.atEnd(() => view.stop());
    const common = { copies: flags.copies ?? 0, signal: this.interrupted, onProgress: view.onProgress, onTotals: view.onTotals };
    const beginMs = Date.now();
    const report =
      paths[0] === '-'
        ? await client.write({
            ...common,
            path: destination,
            bytes: standardInput(this),
            mode: newFileMode(),
            modified: currentFileTime(),
          })
        : await client.put({ ...common, sources: paths, destination });
    view.stop();
    const durationMs = Date.now() - beginMs;
    const { files, directories, symlinks, bytes, sentBytes, knownBytes, holeBytes, copies, fewestCopies, failureCount } = report;
    const known = knownBytes > 0 ? `; ${formatSize(knownBytes)} of it was held already` : '';
    const holes = holeBytes > 0 ? `; ${formatSize(holeBytes)} of it are zeros and take no space` : '';
    const done = files + directories + symlinks;
    if (done > 0 || failureCount === 0)
      this.say(`Stored ${transferLine({ ...report, durationMs })}, ${copiesText(report)}${known}${holes}.`);
    const asked = { path: destination, copies: common.copies };
    const findings = await unmetFindings(client, asked, report, this.interrupted);
    const unmet = unmetText(report.filesBelow, findings);
    if (unmet !== '') this.warnAside(unmet);
    const result = {
      files,
      directories,
      symlinks,
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
    return this.finish(
      { ...result, failures: failuresJson(report), failureCount },
      {
        error: transferError(report, done),
        lines: failureLines(report, done),
      },
    );
  }
}
