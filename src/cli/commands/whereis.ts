import { Args, Flags } from '@oclif/core';
import { accept, counted, formatSize, parseRemotePath } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';
import { printable } from '../format/entries.js';
import {
  type ChunkJson,
  chunkJson,
  chunkLine,
  type FileProtectionJson,
  fileProtectionJson,
  protectionLines,
  protectionWord,
} from '../format/protection.js';

interface Sums {
  files: number;
  size: number;
  wellKept: number;
  underProtected: number;
  partlyUnreachable: number;
  unreachable: number;
  lost: number;
}

export default class WhereIs extends ClientCommand {
  static override summary = 'Show how well files are kept: how many copies, on which nodes, and with which members.';
  static override description =
    'For one file each chunk with the nodes that hold it. With --recursive a line for each file that is not kept as it should ' +
    'be, and sums. A copy counts while its node is not removed or revoked; it is reachable while its node is online.';
  static override args = {
    path: Args.string({ required: true, ignoreStdin: true, description: 'A remote file, or with --recursive a folder.' }),
  };
  static override flags = {
    recursive: Flags.boolean({ char: 'r', description: 'All files in a folder, summed up.' }),
    all: Flags.boolean({ char: 'a', description: 'With --recursive: also the files that are kept as they should be.' }),
    version: Flags.integer({ min: 1, description: 'This version of the file.', helpValue: 'NUMBER' }),
  };
  static override examples = ['<%= config.bin %> whereis /photos/a.jpg', '<%= config.bin %> whereis -r /'];

  readonly #sums: Sums = { files: 0, size: 0, wellKept: 0, underProtected: 0, partlyUnreachable: 0, unreachable: 0, lost: 0 };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(WhereIs);
    const owner = accept(parseRemotePath(args.path)).member;
    const { client } = await this.client(flags.context);
    const options = { recursive: flags.recursive, withChunks: !flags.recursive, version: flags.version };
    const files: FileProtectionJson[] = [];
    const chunks: ChunkJson[] = [];
    for await (const found of client.tree.locate(args.path, options, this.interrupted)) {
      if (found.kind === 'chunk') {
        if (this.jsonEnabled()) chunks.push(chunkJson(found.chunk, found.nodes));
        else this.log(chunkLine(found.chunk, found.nodes, owner));
        continue;
      }
      const file = fileProtectionJson(found.file, found.nodes);
      this.#count(file);
      if (flags.recursive && !flags.all && file.state === 'ok') continue;
      if (this.jsonEnabled()) files.push(file);
      else if (flags.recursive) this.log(`${protectionWord(file).padEnd(24)}  ${this.#shown(file.path)}`);
      else for (const line of protectionLines(file, owner)) this.log(line);
    }
    if (flags.recursive) return this.#sum(args.path, files, owner);
    const [file] = files;
    return this.jsonEnabled() ? { ...file, chunkList: chunks } : undefined;
  }

  #count({ state, size }: FileProtectionJson): void {
    this.#sums.files += 1;
    this.#sums.size += size;
    if (state === 'ok') this.#sums.wellKept += 1;
    if (state === 'under-protected') this.#sums.underProtected += 1;
    if (state === 'partly-unreachable') this.#sums.partlyUnreachable += 1;
    if (state === 'unreachable') this.#sums.unreachable += 1;
    if (state === 'lost') this.#sums.lost += 1;
  }

  #sum(path: string, files: readonly FileProtectionJson[], owner: string | undefined): unknown {
    const { wellKept, underProtected, partlyUnreachable, unreachable, lost, ...all } = this.#sums;
    if (this.jsonEnabled())
      return { path, ...all, wellKept, underProtected, partlyUnreachable, unreachable, lost, entries: files };
    const parts = [
      `${wellKept} of ${counted(all.files, 'file')} ${wellKept === 1 ? 'is kept as it' : 'are kept as they'} should be`,
    ];
    const have = (files: number): string => `${files} ${files === 1 ? 'has' : 'have'}`;
    if (underProtected > 0) parts.push(`${have(underProtected)} too few copies`);
    if (partlyUnreachable > 0) parts.push(`${have(partlyUnreachable)} fewer copies within reach than wanted`);
    if (unreachable > 0) parts.push(`${unreachable} cannot be read now`);
    if (lost > 0) parts.push(`${lost} ${lost === 1 ? 'is' : 'are'} lost in part`);
    this.say(`${parts.join('; ')} (${formatSize(all.size)}).`);
    if (wellKept < all.files) {
      this.say(
        owner !== undefined
          ? `Next: talk with the people of ${owner}: what holds these files is theirs; whether ${owner} is here: collective peer list`
          : 'Next: bring back who is away (collective node list, collective peer list), or put the files again to make their copies; what keeps more from being made is told by: collective status',
      );
    }
    return undefined;
  }

  #shown(text: string): string {
    return process.stdout.isTTY === true ? printable(text) : text;
  }
}
