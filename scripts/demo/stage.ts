import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatSize } from '../../src/base/index.js';
import { type Cluster, Collective } from '../../test/support/cluster/index.js';
import { compareTrees } from './compare-trees.js';

export interface StageOptions {
  /** Leave the processes running at the end. */
  readonly keep: boolean;
}

/** Where the demo plays: what is said, the members and their processes, and the end of it all however it comes. */
export class Stage {
  readonly root: string;
  readonly #options: StageOptions;
  readonly #begunMs = performance.now();
  #collective: Collective | undefined;
  #act = 0;
  #cleaning = false;

  private constructor(root: string, options: StageOptions) {
    this.root = root;
    this.#options = options;
  }

  /** Stops everything when it is interrupted. */
  static async set(options: StageOptions): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'collective-demo-')), options);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        stage.say();
        stage.say('Interrupted: stopping everything this demo started and removing its files.');
        stage.clear().then(
          () => process.exit(130),
          (error: unknown) => {
            console.error(error);
            process.exit(1);
          },
        );
      });
    }
    return stage;
  }

  say(text = ''): void {
    console.log(text);
  }

  /** The next step, with the time since the beginning. */
  act(title: string): void {
    this.#act += 1;
    this.say();
    this.say(`${this.#act}. ${title}   [${Math.round((performance.now() - this.#begunMs) / 1000)} s]`);
  }

  note(text: string): void {
    this.say(`   ${text}`);
  }

  /** What somebody types. */
  types(who: string, command: string): void {
    this.say(`   ${who}$ ${command}`);
  }

  async open(members: readonly { readonly name: string; readonly nodes: number }[]): Promise<Collective> {
    this.#collective = await Collective.start({
      root: join(this.root, 'members'),
      members,
      detached: this.#options.keep,
      onStep: (who, text) => this.types(who, text.replaceAll(this.root, '~')),
    });
    return this.#collective;
  }

  get collective(): Collective {
    if (this.#collective === undefined) throw new Error('nobody is there yet');
    return this.#collective;
  }

  of(name: string): Cluster {
    return this.collective.of(name);
  }

  /** Runs a command of a member, and shows what it printed, indented. Returns how long it took. */
  async shows(who: string, ...args: readonly string[]): Promise<number> {
    const { stdout, wallMs } = await this.#runs(who, args);
    for (const line of stdout.trimEnd().split('\n')) this.say(`     ${line}`);
    return wallMs;
  }

  /** The same without what it printed. */
  async does(who: string, ...args: readonly string[]): Promise<number> {
    return (await this.#runs(who, args)).wallMs;
  }

  /** What it printed, shown only as having been typed. */
  async prints(who: string, ...args: readonly string[]): Promise<string> {
    return (await this.#runs(who, args)).stdout.trim();
  }

  /** Runs a command that has to be refused, and shows how. */
  async isRefused(who: string, ...args: readonly string[]): Promise<void> {
    this.types(who, `collective ${args.join(' ').replaceAll(this.root, '~')}`);
    const { code, stderr } = await this.of(who).command(args);
    if (code === 0) throw new Error(`${args.join(' ')} of ${who} was not refused`);
    for (const line of stderr.trimEnd().split('\n')) this.say(`     ${line}`);
  }

  /** Throws where the copy is not the original, byte for byte. */
  async compare(what: string, original: string, copy: string): Promise<void> {
    const result = await compareTrees(original, copy);
    if (result.differences.length > 0) {
      throw new Error(`${what} came back different:\n${result.differences.slice(0, 10).join('\n')}`);
    }
    this.note(`${what}: ${result.files} files, ${formatSize(result.bytes)}: the same, byte for byte.`);
  }

  async clear(): Promise<void> {
    if (this.#cleaning) return;
    this.#cleaning = true;
    await this.#collective?.stop('SIGKILL');
    await rm(this.root, { recursive: true, force: true });
  }

  async #runs(who: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly wallMs: number }> {
    this.types(who, `collective ${args.map(short).join(' ').replaceAll(this.root, '~')}`);
    const { stdout, wallMs } = await this.of(who).ok(args);
    return { stdout: stdout.toString('utf8'), wallMs };
  }
}

/** Invites are long. */
const short = (argument: string): string => argument.replace(/^(collective1[a-z]+?)[a-z2-7]{40,}$/, '$1...');
