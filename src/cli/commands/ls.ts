import { Args, Flags } from '@oclif/core';
import { formatSize } from '../../base/index.js';
import type { CollectiveClient, Entry } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { entryJson, modeText, printable, shortTime, type EntryJson } from '../format/entries.js';

export default class List extends ClientCommand {
  static override summary = 'List what is in a folder.';
  static override description = 'Folders end with a slash. A path of a file shows that file.';
  static override args = {
    path: Args.string({ default: '/', ignoreStdin: true, description: 'A remote folder or file.' }),
  };
  static override flags = {
    long: Flags.boolean({ char: 'l', description: 'With permissions, size, time of change and version.' }),
    recursive: Flags.boolean({ char: 'R', description: 'And what is in the folders below it, with paths.' }),
    bytes: Flags.boolean({ char: 'b', description: 'Sizes in bytes.', dependsOn: ['long'] }),
  };
  static override examples = ['<%= config.bin %> ls', '<%= config.bin %> ls -l /photos'];

  async run(): Promise<{ readonly path: string; readonly entries: readonly EntryJson[] } | undefined> {
    const { args, flags } = await this.parse(List);
    const { client } = await this.client(flags.context);
    const top = await client.stat(args.path, this.interrupted);
    const found: EntryJson[] = [];
    const show = (entry: Entry): void => {
      if (this.jsonEnabled()) found.push(entryJson(entry));
      else this.log(line(entry, { ...flags, tty: process.stdout.isTTY === true }));
    };
    if (top.kind === 'directory') for await (const entry of this.#below(client, top.path, flags.recursive)) show(entry);
    else show(top);
    return this.jsonEnabled() ? { path: top.path, entries: found } : undefined;
  }

  async *#below(client: CollectiveClient, path: string, recursive: boolean): AsyncGenerator<Entry, void> {
    for await (const entry of client.list(path, this.interrupted)) {
      yield entry;
      if (recursive && entry.kind === 'directory') yield* this.#below(client, entry.path, true);
    }
  }
}

interface LineOptions {
  readonly long: boolean;
  readonly recursive: boolean;
  readonly bytes: boolean;
  readonly tty: boolean;
}

function line(entry: Entry, { long, recursive, bytes, tty }: LineOptions): string {
  const shown = (text: string): string => (tty ? printable(text) : text);
  const name = `${shown(recursive ? entry.path : entry.name)}${entry.kind === 'directory' ? '/' : ''}`;
  if (!long) return name;
  const size = entry.kind === 'directory' ? '-' : bytes ? String(entry.bytes) : formatSize(entry.bytes);
  const target = entry.kind === 'symlink' ? ` -> ${shown(entry.target)}` : '';
  return `${modeText(entry)}  ${size.padStart(bytes ? 13 : 7)}  ${shortTime(entry.modified.seconds * 1000)}  v${String(entry.version).padEnd(3)}  ${name}${target}`;
}
