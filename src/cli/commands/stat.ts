import { Args } from '@oclif/core';
import { formatSize } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';
import { entryJson, modeText, octalMode, printable, shortTime, type EntryJson } from '../format/entries.js';

export default class Stat extends ClientCommand {
  static override summary = 'Show what is known about a file, folder or symlink.';
  static override args = {
    path: Args.string({ required: true, ignoreStdin: true, description: 'A remote path.' }),
  };

  async run(): Promise<EntryJson> {
    const { args, flags } = await this.parse(Stat);
    const { client } = await this.client(flags.context);
    const entry = await client.stat(args.path, this.interrupted);
    const json = entryJson(entry);
    const lines: [string, string][] = [
      ['Path', printable(entry.path)],
      ['Kind', entry.kind === 'directory' ? 'folder' : entry.kind],
      ...(entry.kind === 'directory' ? [['Entries', String(entry.children)] as [string, string]] : []),
      ...(entry.kind === 'symlink' ? [['Target', printable(entry.target)] as [string, string]] : []),
      ...(entry.kind === 'file' ? [['Size', `${formatSize(entry.bytes)} (${entry.bytes} bytes)`] as [string, string]] : []),
      ['Permissions', `${modeText(entry)} (${octalMode(entry.mode)})`],
      ['Modified', shortTime(entry.modified.seconds * 1000)],
      ...(entry.committedMs > 0 ? [['Committed', shortTime(entry.committedMs)] as [string, string]] : []),
      ['Version', String(entry.version)],
      ['Id', entry.fileId],
    ];
    for (const [name, value] of lines) this.log(`${`${name}:`.padEnd(13)} ${value}`);
    return json;
  }
}
