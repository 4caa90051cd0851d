import { Args, Flags } from '@oclif/core';
import { EXIT, formatSize } from '../../base/index.js';
import type { CollectiveClient, SyncPlan } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { syncSides } from '../base/sync-sides.js';
import { failureLines, failuresJson, transferError, transferLine, unmetFindings, unmetText } from '../base/transfer-report.js';
import { syncActionJson, syncActionLine, toldActions } from '../format/sync-actions.js';
import { transferView } from '../progress/transfer-bar.js';

export default class Sync extends ClientCommand {
  static override summary = 'Make a folder in your tree like one here, or one here like one in your tree.';
  static override description =
    'One way, and only what differs: files by size and time of change (or by content with --checksum), symlinks, modes and times. ' +
    'The content of the first folder becomes the content of the second. A colon marks the path in your tree (:/photos); without ' +
    'one it is the path that begins with a slash, if the other does not. Nothing is removed without --delete; what is removed or ' +
    'replaced in your tree can be restored, what is on this machine cannot. Files that cannot be read or stored are named, the ' +
    'others go on; where something of the source could not be read, nothing is removed.';
  static override usage = 'sync SOURCE DESTINATION';
  static override args = {
    source: Args.string({ required: true, ignoreStdin: true, description: 'The folder to copy from.' }),
    destination: Args.string({ required: true, ignoreStdin: true, description: 'The folder to make like it.' }),
  };
  static override flags = {
    delete: Flags.boolean({ description: 'Remove what the source does not have.' }),
    'dry-run': Flags.boolean({ char: 'n', description: 'Say what would be done, and do nothing. --json: a line for each step.' }),
    checksum: Flags.boolean({ description: 'Compare contents, not times: reads every local file, fetches nothing.' }),
    exclude: Flags.string({
      multiple: true,
      description: "Leave out what matches, on both sides: '*.tmp', 'cache/', 'photos/**/raw'.",
      helpValue: 'GLOB',
    }),
    'allow-empty': Flags.boolean({ description: 'With --delete: an empty source is meant.', dependsOn: ['delete'] }),
    copies: Flags.integer({
      min: 1,
      max: 16,
      description: "How many nodes are to hold new files. Default: the member's.",
      helpValue: 'NUMBER',
    }),
  };
  static override examples = [
    { description: 'Keep a copy of a folder', command: '<%= config.bin %> sync ~/photos :/photos --delete' },
    { description: 'Look first', command: '<%= config.bin %> sync photos /photos --delete --dry-run' },
    { description: 'The other way', command: '<%= config.bin %> sync :/photos ~/photos' },
  ];

  protected override readonly whenInterrupted = 'Interrupted: the same command does the rest.';

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Sync);
    const { client, context } = await this.client(flags.context);
    const plan = await client.planSync(
      {
        ...syncSides(args.source, args.destination, context.memberName),
        remove: flags.delete,
        checksum: flags.checksum,
        exclude: flags.exclude ?? [],
        allowEmpty: flags['allow-empty'],
      },
      this.interrupted,
    );
    return flags['dry-run'] ? this.#tell(plan) : this.#do(client, plan, flags.copies ?? 0);
  }

  #tell(plan: SyncPlan): undefined {
    const told = toldActions(plan);
    for (const action of told) {
      if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify(syncActionJson(action))}\n`);
      else this.log(syncActionLine(action, process.stdout.isTTY === true));
    }
    const steps = told.length === 1 ? '1 step' : `${told.length} steps`;
    if (!this.jsonEnabled()) {
      this.say(
        told.length === 0
          ? `Nothing to do: ${plan.unchanged} files are as they should be.`
          : `${steps}, ${formatSize(plan.bytes)} to transfer; ${plan.unchanged} files are as they should be. Nothing was done.`,
      );
    }
    this.#warn(plan);
    const error = transferError(plan, told.length);
    if (error === undefined) return undefined;
    process.stderr.write(failureLines(plan, told.length));
    process.exitCode = error.exitCode;
    return undefined;
  }

  async #do(client: CollectiveClient, plan: SyncPlan, copies: number): Promise<unknown> {
    const view = await transferView(this.interactive, 'sync');
    this.atEnd(() => view.stop());
    const beginMs = Date.now();
    const { onProgress, onTotals } = view;
    const report = await client.sync(plan, { copies, signal: this.interrupted, onProgress, onTotals });
    view.stop();
    const durationMs = Date.now() - beginMs;
    const { files, directories, symlinks, attributes, removed, unchanged, bytes, movedBytes, knownBytes } = report;
    const done = files + directories + symlinks + attributes + removed;
    const word = plan.direction === 'to-remote' ? 'Stored' : 'Fetched';
    const extra = [
      ...(attributes > 0 ? [`set mode or time of ${attributes}`] : []),
      ...(removed > 0 ? [`removed ${removed}`] : []),
      `${unchanged} were as they should be`,
    ].join(', ');
    const known = knownBytes > 0 ? ` (${formatSize(knownBytes)} of it was there)` : '';
    if (done === 0 && report.failureCount === 0) this.say(`Nothing to do: ${unchanged} files are as they should be.`);
    else this.say(`${word} ${transferLine({ ...report, durationMs })}${known}; ${extra}.`);
    this.#warn(plan);
    const asked = { path: plan.destination, copies };
    const findings = plan.direction === 'to-remote' ? await unmetFindings(client, asked, report, this.interrupted) : [];
    const unmet = unmetText(report.filesBelow, findings);
    if (unmet !== '') this.warnAside(unmet);
    return this.finish(
      {
        direction: plan.direction,
        source: plan.source,
        destination: plan.destination,
        files,
        directories,
        symlinks,
        attributes,
        removed,
        unchanged,
        size: bytes,
        moved: movedBytes,
        known: knownBytes,
        filesBelow: report.filesBelow,
        findings,
        durationMs,
        removalsHeldBack: report.removalsHeldBack,
        failures: failuresJson(report),
        failureCount: report.failureCount,
      },
      { error: transferError(report, done), lines: failureLines(report, done) },
    );
  }

  #warn({ removalsHeldBack }: SyncPlan): void {
    if (!removalsHeldBack) return;
    process.stderr.write('Nothing is removed, because something of the source could not be read.\n');
    process.exitCode = EXIT.failed;
  }

  /** A dry run has written its lines itself. */
  override logJson(json: unknown): void {
    if (json !== undefined) super.logJson(json);
  }
}
