import { Args, Flags } from '@oclif/core';
import { formatSize } from '../../base/index.js';
import type { CollectiveClient, EntryWithUsage } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { printable } from '../format/entries.js';
import { type UsageJson, usageJson } from '../format/history.js';

interface Line extends UsageJson {
  readonly path: string;
}

export default class DiskUsage extends ClientCommand {
  static override summary = 'Show what files and folders take: live, older versions, and deleted.';
  static override description =
    'STORED is what all copies of the current versions take on the nodes; chunks that files share are counted with each of them. ' +
    'KEPT are older versions, DELETED what was deleted there; both can be restored for the retention time. What is purged is in ' +
    'collective df: its bytes are freed once chunks are collected, which this version does not do yet.';
  static override args = {
    paths: Args.string({ multiple: true, ignoreStdin: true, description: 'Remote paths. Default: /' }),
  };
  static override flags = {
    summarise: Flags.boolean({
      char: 's',
      aliases: ['summarize'],
      description: 'Only the paths themselves.',
      exclusive: ['depth', 'all'],
    }),
    depth: Flags.integer({ char: 'd', min: 0, description: 'Folders so many levels below. Default: 1.', helpValue: 'LEVELS' }),
    all: Flags.boolean({ char: 'a', description: 'Files too, not only folders.' }),
    bytes: Flags.boolean({ char: 'b', description: 'Sizes in bytes.' }),
  };
  static override examples = ['<%= config.bin %> du', '<%= config.bin %> du -s /photos /music'];

  async run(): Promise<{ readonly entries: readonly Line[] } | undefined> {
    const { args, flags } = await this.parse(DiskUsage);
    const { client } = await this.client(flags.context);
    const depth = flags.summarise ? 0 : (flags.depth ?? 1);
    const paths = args.paths === undefined || args.paths.length === 0 ? ['/'] : args.paths;
    const found: Line[] = [];
    let began = false;
    for (const path of paths) {
      const top = await client.tree.statWithUsage(path, this.interrupted);
      for await (const { entry, usage } of below(client, top, { depth, all: flags.all, signal: this.interrupted })) {
        if (this.jsonEnabled()) {
          found.push({ path: entry.path, ...usageJson(usage) });
          continue;
        }
        if (!began) this.log(row(['SIZE', 'STORED', 'KEPT', 'DELETED'], 'PATH', flags.bytes));
        began = true;
        const size = (bytes: number): string => (flags.bytes ? String(bytes) : formatSize(bytes));
        const shown = process.stdout.isTTY === true ? printable(entry.path) : entry.path;
        const slash = entry.kind === 'directory' && !entry.path.endsWith('/') ? '/' : '';
        const sizes = [usage.bytes, usage.storedBytes, usage.keptBytes, usage.deletedBytes].map(size);
        this.log(row(sizes, `${shown}${slash}`, flags.bytes));
      }
    }
    return this.jsonEnabled() ? { entries: found } : undefined;
  }
}

const row = (cells: readonly string[], path: string, bytes: boolean): string =>
  `${cells.map((cell) => cell.padStart(bytes ? 15 : 8)).join('  ')}  ${path}`;

/** What is below before what it is in, as du does. */
async function* below(
  client: CollectiveClient,
  top: EntryWithUsage,
  options: { readonly depth: number; readonly all: boolean; readonly signal: AbortSignal },
): AsyncGenerator<EntryWithUsage, void> {
  const { depth, all, signal } = options;
  if (top.entry.kind === 'directory' && depth > 0) {
    for await (const child of client.tree.listWithUsage(top.entry.path, signal)) {
      if (child.entry.kind === 'directory') yield* below(client, child, { ...options, depth: depth - 1 });
      else if (all) yield child;
    }
  }
  yield top;
}
