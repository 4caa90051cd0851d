import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster, CommandResult } from '../../test/support/cluster/index.js';
import { type Content, digestOf, type Oracle } from './oracle.js';
import type { Seeded } from './seeded.js';

const NOT_FOUND_EXIT = 4;

/** One client's endless work on paths of its own, through real `collective` processes that may be killed at any moment. */
export class Worker {
  readonly #cluster: Cluster;
  readonly #oracle: Oracle;
  readonly #random: Seeded;
  readonly #name: string;
  readonly #scratch: string;
  #counter = 0;
  /** The process of the operation in flight. */
  child: ChildProcess | undefined;
  operations = 0;

  constructor(options: { cluster: Cluster; oracle: Oracle; random: Seeded; name: string }) {
    this.#cluster = options.cluster;
    this.#oracle = options.oracle;
    this.#random = options.random;
    this.#name = options.name;
    this.#scratch = join(options.cluster.root, 'work', options.name);
  }

  async run(stopped: () => boolean): Promise<void> {
    await mkdir(this.#scratch, { recursive: true });
    while (!stopped()) {
      this.operations += 1;
      const choice = this.#random.fraction();
      if (choice < 0.35) await this.#putFile();
      else if (choice < 0.55) await this.#putFolder();
      else if (choice < 0.65) await this.#move();
      else if (choice < 0.72) await this.#remove();
      else await this.readBack(this.#ownPath());
    }
  }

  /** Reads one path and holds what it shows against the promises. Returns false when nothing could be read. */
  async readBack(path: string | undefined): Promise<boolean> {
    if (path === undefined) return true;
    const target = join(this.#scratch, `read-${(this.#counter += 1)}`);
    const result = await this.#command(['get', path, target, '--quiet']);
    if (result.code === 0) {
      this.#oracle.observe(path, digestOf(await readFile(target)));
      await rm(target);
      return true;
    }
    if (result.code === NOT_FOUND_EXIT) {
      this.#oracle.observe(path, 'absent');
      return true;
    }
    return false;
  }

  /** Reads everything of this worker at once. False when that failed: then each path has to be tried by itself. */
  async readAllBack(): Promise<boolean> {
    const target = join(this.#scratch, 'everything');
    const result = await this.#command(['get', `/${this.#name}`, target, '--quiet']);
    if (result.code === 0) {
      for (const path of this.ownPaths())
        this.#oracle.observe(path, await contentOf(join(target, path.slice(this.#name.length + 2))));
    }
    await rm(target, { recursive: true, force: true });
    return result.code === 0;
  }

  ownPaths(): readonly string[] {
    return this.#oracle.paths().filter((path) => path.startsWith(`/${this.#name}/`));
  }

  #ownPath(): string | undefined {
    const own = this.ownPaths();
    return own.length === 0 ? undefined : this.#random.pick(own);
  }

  async #putFile(): Promise<void> {
    const existing = this.#random.fraction() < 0.4 ? this.#ownPath() : undefined;
    const path = existing ?? `/${this.#name}/file-${(this.#counter += 1)}`;
    const size = this.#random.pick([0, 1, 70_000, 65_536, 1_500_000, 6_000_000, 12_000_000]);
    await this.#change([[path, this.#random.bytes(size)]], async (sources) => ['put', sources, path, '--quiet'], 'file');
  }

  async #putFolder(): Promise<void> {
    const folder = `/${this.#name}/folder-${(this.#counter += 1)}`;
    const files = Array.from({ length: 4 + this.#random.below(24) }, (_, index): [string, Buffer] => [
      `${folder}/${index}`,
      this.#random.bytes(this.#random.below(40_000)),
    ]);
    await this.#change(files, async (sources) => ['put', sources, folder, '--quiet'], 'folder');
  }

  async #change(
    files: readonly (readonly [path: string, bytes: Buffer])[],
    argumentsFor: (sources: string) => Promise<readonly string[]>,
    kind: 'file' | 'folder',
  ): Promise<void> {
    const source = join(this.#scratch, `source-${(this.#counter += 1)}`);
    if (kind === 'folder') await mkdir(source);
    for (const [path, bytes] of files) {
      await writeFile(kind === 'folder' ? join(source, path.slice(path.lastIndexOf('/') + 1)) : source, bytes);
      this.#oracle.attempt(path, digestOf(bytes));
    }
    const result = await this.#command(await argumentsFor(source));
    if (result.code === 0) for (const [path, bytes] of files) this.#oracle.acknowledge(path, digestOf(bytes));
    await rm(source, { recursive: true });
  }

  async #move(): Promise<void> {
    const from = this.#ownPath();
    if (from === undefined) return;
    const before = this.#oracle.acceptable(from);
    const [content] = before;
    // Only a path whose content is known can be followed through a rename.
    if (before.size !== 1 || content === undefined || content === 'absent') return;
    const to = `/${this.#name}/moved-${(this.#counter += 1)}`;
    this.#oracle.attempt(from, 'absent');
    this.#oracle.attempt(to, content);
    const result = await this.#command(['mv', from, to]);
    if (result.code !== 0) return;
    this.#oracle.acknowledge(from, 'absent');
    this.#oracle.acknowledge(to, content);
  }

  async #remove(): Promise<void> {
    const path = this.#ownPath();
    if (path === undefined) return;
    this.#oracle.attempt(path, 'absent');
    const result = await this.#command(['rm', path]);
    if (result.code === 0) this.#oracle.acknowledge(path, 'absent');
  }

  async #command(args: readonly string[]): Promise<CommandResult> {
    try {
      return await this.#cluster.command(args, {
        onSpawn: (child) => {
          this.child = child;
        },
      });
    } finally {
      this.child = undefined;
    }
  }
}

async function contentOf(path: string): Promise<Content> {
  try {
    return digestOf(await readFile(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'absent';
    throw error;
  }
}
