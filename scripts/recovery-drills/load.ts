import { setTimeout as sleep } from 'node:timers/promises';
import { isCollectiveError } from '../../src/base/index.js';
import type { CollectiveClient } from '../../src/client/index.js';
import type { Seeded } from '../kill-loop/seeded.js';

const WORKERS = 3;
const FILE_EVERY = 5;

const now = (): { seconds: number; nanoseconds: number } => ({ seconds: Math.floor(Date.now() / 1000), nanoseconds: 0 });

/** Makes folders and small files as fast as they are acknowledged, and remembers which were. */
export class Load {
  /** Paths of folders and files that were acknowledged, ever. */
  readonly acknowledged = new Set<string>();
  /** Paths that were asked for: nothing else may exist. */
  readonly asked = new Set<string>();
  readonly #client: CollectiveClient;
  readonly #random: Seeded;
  readonly #files: boolean;
  #count = 0;

  /** `files`: small files too, which need nodes. */
  constructor(client: CollectiveClient, random: Seeded, { files } = { files: true }) {
    this.#files = files;
    this.#client = client;
    this.#random = random;
  }

  /** Works until `stop` is called, which gives calls up that nobody answers; it resolves once every call has ended, however it did. */
  start(folder: string): { stop(): Promise<void> } {
    const stopping = new AbortController();
    const workers = Array.from({ length: WORKERS }, () => this.#work(folder, stopping.signal));
    return {
      async stop() {
        stopping.abort();
        await Promise.all(workers);
      },
    };
  }

  async makeFolder(path: string, signal: AbortSignal = new AbortController().signal): Promise<void> {
    this.asked.add(path);
    await this.#client.makeDirectories([path], { mode: 0o755, modified: now(), parents: true }, signal);
    this.acknowledged.add(path);
  }

  async #work(folder: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#count += 1;
      const path = `${folder}/${this.#count}`;
      try {
        if (this.#files && this.#random.below(FILE_EVERY) === 0) await this.#makeFile(path, signal);
        else await this.makeFolder(path, signal);
      } catch (error) {
        if (!isCollectiveError(error)) throw error;
        if (!signal.aborted) await sleep(20);
      }
    }
  }

  async #makeFile(path: string, signal: AbortSignal): Promise<void> {
    this.asked.add(path);
    const content = this.#random.bytes(2000);
    const bytes = (async function* () {
      yield content;
    })();
    const report = await this.#client.write({ bytes, path, mode: 0o644, modified: now(), copies: 2, signal });
    if (report.failures.length === 0) this.acknowledged.add(path);
  }
}
