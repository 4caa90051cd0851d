import { Args, Flags } from '@oclif/core';
import type { Entry } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { sizeFlag } from '../base/flags.js';
import { momentFlag } from '../base/times.js';
import { type EntryJson, entryJson, printable } from '../format/entries.js';

const KINDS: Readonly<Record<string, Entry['kind']>> = { f: 'file', d: 'directory', l: 'symlink' };

export default class Find extends ClientCommand {
  static override summary = 'Find files, folders and symlinks.';
  static override description =
    'Prints the paths of what matches all that is asked, one a line, a folder before what is in it. Patterns are for the last ' +
    'name: * for any characters, ? for one, [abc] for one of some.';
  static override args = {
    path: Args.string({ default: '/', ignoreStdin: true, description: 'A remote path.' }),
  };
  static override flags = {
    name: Flags.string({ char: 'n', description: 'The name matches a pattern.', helpValue: 'PATTERN' }),
    iname: Flags.string({ description: 'The same, whatever the case.', helpValue: 'PATTERN', exclusive: ['name'] }),
    type: Flags.string({ char: 't', multiple: true, options: ['f', 'd', 'l'], description: 'Files, folders (d), symlinks.' }),
    'larger-than': sizeFlag({ description: 'Files with more bytes than this.' }),
    'smaller-than': sizeFlag({ description: 'Files with fewer bytes than this.' }),
    'newer-than': momentFlag({ description: 'Modified since: 7d for seven days, or 2026-11-22.' }),
    'older-than': momentFlag({ description: 'Not modified since.' }),
    'under-protected': Flags.boolean({
      description: 'Files with a chunk of which fewer copies can be reached now than are wanted.',
    }),
    print0: Flags.boolean({ description: 'A NUL after each path instead of a line break, for xargs -0. Also -0.' }),
  };
  static override examples = [
    "<%= config.bin %> find /photos --name '*.jpg' --larger-than 5M",
    '<%= config.bin %> find --under-protected',
  ];

  protected override async init(): Promise<void> {
    // A flag's letter cannot be a digit.
    this.argv = this.argv.map((word) => (word === '-0' ? '--print0' : word));
    await super.init();
  }

  async run(): Promise<{ readonly path: string; readonly entries: readonly EntryJson[] } | undefined> {
    const { args, flags } = await this.parse(Find);
    const { client } = await this.client(flags.context);
    const options = {
      name: flags.name ?? flags.iname ?? '',
      ignoreCase: flags.iname !== undefined,
      kinds: (flags.type ?? []).flatMap((letter) => KINDS[letter] ?? []),
      underProtected: flags['under-protected'],
      largerThanBytes: flags['larger-than'],
      smallerThanBytes: flags['smaller-than'],
      newerThanMs: flags['newer-than'],
      olderThanMs: flags['older-than'],
    };
    const found: EntryJson[] = [];
    for await (const entry of client.tree.find(args.path, options, this.interrupted)) {
      if (this.jsonEnabled()) found.push(entryJson(entry));
      else if (flags.print0) process.stdout.write(`${entry.path}\0`);
      else this.log(process.stdout.isTTY === true ? printable(entry.path) : entry.path);
    }
    return this.jsonEnabled() ? { path: args.path, entries: found } : undefined;
  }
}
