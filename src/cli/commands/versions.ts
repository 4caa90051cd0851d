import { Args, Flags } from '@oclif/core';
import { CollectiveError } from '../../base/index.js';
import type { DeletedThing, KeptVersion } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { printable } from '../format/entries.js';
import { type DeletedJson, deletedJson, deletedLine, type VersionJson, versionJson, versionsTable } from '../format/history.js';

const ROWS_AT_ONCE = 1000;

export default class Versions extends ClientCommand {
  static override summary = 'Show which versions of a file can be restored, also of one that was deleted.';
  static override description =
    'The oldest first, last what stands there now. Several files that stood at that path one after another have different ids. ' +
    'With --deleted it lists what was deleted in a folder. All of it is kept for the retention time (30 days unless the ' +
    'coordinator is told otherwise).';
  static override args = {
    path: Args.string({ default: '/', ignoreStdin: true, description: 'A remote path.' }),
  };
  static override flags = {
    deleted: Flags.boolean({ char: 'd', description: 'What was deleted in this folder.' }),
    recursive: Flags.boolean({ char: 'r', description: 'What was deleted in this folder and below it.' }),
  };
  static override examples = [
    { description: 'Of a file', command: '<%= config.bin %> versions /notes/today.txt' },
    { description: 'What was deleted, everywhere', command: '<%= config.bin %> versions -r /' },
  ];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Versions);
    if (args.path === '/' && !flags.deleted && !flags.recursive) {
      throw new CollectiveError('USAGE', 'Say of which file.', {
        next: 'collective versions PATH; or, for what was deleted: collective versions --deleted FOLDER',
      });
    }
    const { client } = await this.client(flags.context);
    if (flags.deleted || flags.recursive) {
      return this.#deleted(args.path, client.tree.deleted(args.path, flags.recursive, this.interrupted));
    }
    return this.#versions(args.path, client.tree.versions(args.path, this.interrupted));
  }

  async #versions(path: string, versions: AsyncIterable<KeptVersion>): Promise<unknown> {
    const found: VersionJson[] = [];
    let rows: KeptVersion[] = [];
    for await (const version of versions) {
      if (this.jsonEnabled()) found.push(versionJson(version));
      else rows.push(version);
      if (rows.length >= ROWS_AT_ONCE) {
        this.log(versionsTable(rows));
        rows = [];
      }
    }
    if (rows.length > 0) this.log(versionsTable(rows));
    return this.jsonEnabled() ? { path, versions: found } : undefined;
  }

  async #deleted(path: string, deleted: AsyncIterable<DeletedThing>): Promise<unknown> {
    const found: DeletedJson[] = [];
    const shown = (text: string): string => (process.stdout.isTTY === true ? printable(text) : text);
    let count = 0;
    for await (const each of deleted) {
      count += 1;
      if (this.jsonEnabled()) found.push(deletedJson(each));
      else this.log(deletedLine(each, shown));
    }
    if (count === 0) this.say('Nothing that was deleted here is kept.');
    return this.jsonEnabled() ? { path, deleted: found } : undefined;
  }
}
