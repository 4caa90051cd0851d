import { Args, Flags } from '@oclif/core';
import { CollectiveError, counted, formatSize } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';
import { failureLines, failuresJson, transferError } from '../base/transfer-report.js';

export default class Copy extends ClientCommand {
  static override summary = 'Copy files and folders within one tree; no bytes move.';
  static override description =
    'Like cp: into the last path if that is a folder, else to it. The copies share their chunks with what they were made from. ' +
    'Symlinks, permissions and times are kept. A folder is copied file by file: what was copied stays if something else fails.';
  static override usage = 'cp REMOTE... REMOTE';
  static override args = {
    paths: Args.string({
      required: true,
      multiple: true,
      ignoreStdin: true,
      description: 'Remote paths; the last is where the copies go.',
    }),
  };
  static override flags = {
    recursive: Flags.boolean({ char: 'r', description: 'Also folders, with all that is in them.' }),
    'no-clobber': Flags.boolean({ char: 'n', description: 'Fail instead of giving a file that is there a new version.' }),
    version: Flags.integer({ min: 1, description: 'This version of the file.', helpValue: 'NUMBER' }),
  };
  static override examples = ['<%= config.bin %> cp -r /photos /photos-2026'];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Copy);
    const sources = [...args.paths];
    const destination = sources.pop() ?? '';
    if (sources.length === 0) {
      throw new CollectiveError('USAGE', 'Say what to copy and where.', { next: 'collective cp <from> <to>' });
    }
    if (flags.version !== undefined && (sources.length > 1 || flags.recursive)) {
      throw new CollectiveError('USAGE', '--version is of one file.', { next: 'Copy that file alone.' });
    }
    const { client } = await this.client(flags.context);
    const options = { recursive: flags.recursive, replace: !flags['no-clobber'], version: flags.version };
    const report = await client.tree.copy(sources, destination, options, this.interrupted);
    const { files, directories, symlinks, bytes, copied, failureCount } = report;
    const done = files + directories + symlinks;
    const folders = directories > 0 ? `, ${counted(directories, 'folder')}` : '';
    const links = symlinks > 0 ? `, ${counted(symlinks, 'symlink')}` : '';
    if (done > 0) this.say(`Copied ${counted(files, 'file')}${folders}${links}, ${formatSize(bytes)}; no bytes moved.`);
    return this.finish(
      { copied, files, directories, symlinks, size: bytes, failures: failuresJson(report), failureCount },
      { error: transferError(report, done), lines: failureLines(report, done) },
    );
  }
}
