import { Args } from '@oclif/core';
import { CollectiveError, formatSize } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';
import { onlyOne, pastFlags, pastOf } from '../base/past-flags.js';
import { failureLines, failuresJson, transferError, transferLine } from '../base/transfer-report.js';
import { transferView } from '../progress/transfer-bar.js';

export default class Get extends ClientCommand {
  static override summary = 'Fetch files and folders.';
  static override description =
    'Like cp -r: the last path is where the others go, on this machine (default: the current folder). Every byte is checked, and ' +
    'a file appears under its name only when it is whole; until then it is hidden beside its place, and a get that was ' +
    'interrupted goes on with it. Symlinks, permissions, times and holes come back. With - as the last ' +
    'path the content goes to standard output.';
  static override usage = 'get REMOTE... [LOCAL]';
  static override args = {
    paths: Args.string({
      required: true,
      multiple: true,
      ignoreStdin: true,
      description: 'Remote files and folders, and last the local path.',
    }),
  };
  static override flags = pastFlags;
  static override examples = [
    { description: 'A folder, into the current one', command: '<%= config.bin %> get /photos' },
    { description: 'A file, under another name', command: '<%= config.bin %> get /photos/a.jpg b.jpg' },
    { description: 'As it was two days ago', command: '<%= config.bin %> get /notes/today.txt then.txt --at 2d' },
    { description: 'To another program', command: '<%= config.bin %> get /backup/src.tar - | tar t' },
  ];

  protected override readonly whenInterrupted =
    'Interrupted: the same command goes on from here; a folder under a new name with collective sync :/NAME FOLDER.';

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Get);
    const paths = [...args.paths];
    const destination = paths.length > 1 ? (paths.pop() ?? '.') : '.';
    const past = pastOf(flags);
    if (past !== undefined && paths.length > 1) throw onlyOne();
    const { client } = await this.client(flags.context);
    if (destination === '-') {
      if (paths.length > 1)
        throw new CollectiveError('USAGE', 'Only one file at a time goes to standard output.', {
          next: 'collective cat PATH...',
        });
      return this.pour(client, paths, past);
    }
    const view = await transferView(this.interactive, 'get');
    this.atEnd(() => view.stop());
    const beginMs = Date.now();
    const report = await client.get({
      sources: paths,
      destination,
      ...(past === undefined ? {} : { past }),
      signal: this.interrupted,
      onProgress: view.onProgress,
      onTotals: view.onTotals,
    });
    view.stop();
    const durationMs = Date.now() - beginMs;
    const { files, directories, symlinks, bytes, fetchedBytes, resumedBytes, failureCount } = report;
    const done = files + symlinks;
    const left = resumedBytes > 0 ? `; ${formatSize(resumedBytes)} of it were left by an earlier get` : '';
    if (done + directories > 0 || failureCount === 0) this.say(`Fetched ${transferLine({ ...report, durationMs })}${left}.`);
    const result = {
      files,
      directories,
      symlinks,
      size: bytes,
      fetched: fetchedBytes,
      resumed: resumedBytes,
      durationMs,
      failures: failuresJson(report),
      failureCount,
    };
    return this.finish(result, { error: transferError(report, done), lines: failureLines(report, done) });
  }
}
