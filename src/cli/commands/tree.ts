import { Args, Flags } from '@oclif/core';
import { formatSize } from '../../base/index.js';
import type { CollectiveClient, EntryWithUsage } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { type EntryJson, entryJson, printable } from '../format/entries.js';

interface Branch extends EntryJson {
  readonly content?: readonly Branch[];
}

export default class Tree extends ClientCommand {
  static override summary = 'Show a folder and what is below it as a tree.';
  static override args = {
    path: Args.string({ default: '/', ignoreStdin: true, description: 'A remote folder.' }),
  };
  static override flags = {
    level: Flags.integer({ char: 'L', min: 1, description: 'Only so many levels.', helpValue: 'LEVELS' }),
    folders: Flags.boolean({ char: 'd', description: 'Only folders.' }),
    sizes: Flags.boolean({ char: 's', description: 'With the size of each file and folder.' }),
  };
  static override examples = ['<%= config.bin %> tree /photos -L 2'];

  #level = Number.MAX_SAFE_INTEGER;
  #folders = false;
  #sizes = false;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Tree);
    const { client } = await this.client(flags.context);
    this.#level = flags.level ?? Number.MAX_SAFE_INTEGER;
    this.#folders = flags.folders;
    this.#sizes = flags.sizes;
    const top = await client.tree.statWithUsage(args.path, this.interrupted);
    const counts = {
      files: top.usage.files,
      directories: top.usage.directories,
      symlinks: top.usage.symlinks,
      size: top.usage.bytes,
    };
    if (this.jsonEnabled()) return { ...counts, tree: await this.#branch(client, top, 1) };
    this.log(`${this.#sizeOf(top)}${this.#shown(top.entry.path)}`);
    if (top.entry.kind === 'directory') await this.#print(client, top.entry.path, '', 1);
    const { files, directories, symlinks, size } = counts;
    const own = top.entry.kind === 'directory' ? 1 : 0;
    const links = symlinks > 0 ? `, ${counted(symlinks, 'symlink')}` : '';
    this.say(`\n${counted(directories - own, 'folder')}, ${counted(files, 'file')}${links}, ${formatSize(size)}`);
    return undefined;
  }

  /** One entry is held back, to know whether it is the last of its folder. */
  async #print(client: CollectiveClient, path: string, indent: string, level: number): Promise<void> {
    let held: EntryWithUsage | undefined;
    for await (const next of this.#entries(client, path)) {
      if (held !== undefined) await this.#printOne(client, held, { indent, last: false, level });
      held = next;
    }
    if (held !== undefined) await this.#printOne(client, held, { indent, last: true, level });
  }

  async #printOne(
    client: CollectiveClient,
    found: EntryWithUsage,
    at: { readonly indent: string; readonly last: boolean; readonly level: number },
  ): Promise<void> {
    const { entry } = found;
    const target = entry.kind === 'symlink' ? ` -> ${this.#shown(entry.target)}` : '';
    const slash = entry.kind === 'directory' ? '/' : '';
    this.log(`${at.indent}${at.last ? '└── ' : '├── '}${this.#sizeOf(found)}${this.#shown(entry.name)}${slash}${target}`);
    if (entry.kind === 'directory' && at.level < this.#level) {
      await this.#print(client, entry.path, `${at.indent}${at.last ? '    ' : '│   '}`, at.level + 1);
    }
  }

  async #branch(client: CollectiveClient, { entry }: EntryWithUsage, level: number): Promise<Branch> {
    if (entry.kind !== 'directory' || level > this.#level) return entryJson(entry);
    const content: Branch[] = [];
    for await (const child of this.#entries(client, entry.path)) content.push(await this.#branch(client, child, level + 1));
    return { ...entryJson(entry), content };
  }

  async *#entries(client: CollectiveClient, path: string): AsyncGenerator<EntryWithUsage, void> {
    for await (const found of client.tree.listWithUsage(path, this.interrupted)) {
      if (!this.#folders || found.entry.kind === 'directory') yield found;
    }
  }

  #sizeOf({ usage }: EntryWithUsage): string {
    return this.#sizes ? `[${formatSize(usage.bytes).padStart(7)}]  ` : '';
  }

  #shown(text: string): string {
    return process.stdout.isTTY === true ? printable(text) : text;
  }
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
