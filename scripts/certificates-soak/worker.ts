import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toCollectiveError } from '../../src/base/index.js';
import { openContextClient, type OpenedClient } from '../../src/cli/compose/client.js';
import { createWorld } from '../../src/cli/compose/world.js';
import type { LogFields, Logger } from '../../src/ports/index.js';
import type { Cluster } from '../../test/support/cluster/index.js';

/** Counts what the client does by itself when a call fails. */
class RepeatCounter implements Logger {
  repeated = 0;
  readonly lines: string[] = [];

  debug(message: string, fields?: LogFields): void {
    if (message !== 'repeating a call') return;
    this.repeated += 1;
    this.lines.push(`${new Date().toISOString()} ${message} ${JSON.stringify(fields)} ${String(fields?.['error'])}`);
  }

  info(): void {
    // What goes well is not counted.
  }

  warn(message: string, fields?: LogFields): void {
    this.lines.push(`${new Date().toISOString()} ${message} ${JSON.stringify(fields)} ${String(fields?.['error'])}`);
  }

  error(message: string, fields?: LogFields): void {
    this.warn(message, fields);
  }

  child(): Logger {
    return this;
  }
}

const FILE_BYTES = 200_000;
const FILES_KEPT = 40;

/** One client in this process that puts, gets and lists for as long as it is asked to, by one set of connections. */
export class Worker {
  readonly #opened: OpenedClient;
  readonly #log: RepeatCounter;
  readonly #folder: string;
  calls = 0;
  failed = 0;
  readonly complaints: string[] = [];

  private constructor(opened: OpenedClient, log: RepeatCounter, folder: string) {
    this.#opened = opened;
    this.#log = log;
    this.#folder = folder;
  }

  static async open(cluster: Cluster, context: string): Promise<Worker> {
    const log = new RepeatCounter();
    const configDirectory = join(cluster.root, 'config', 'collective');
    return new Worker(await openContextClient(createWorld(log), configDirectory, context), log, `/${context}`);
  }

  get repeated(): number {
    return this.#log.repeated;
  }

  get logged(): readonly string[] {
    return this.#log.lines;
  }

  get client(): OpenedClient['client'] {
    return this.#opened.client;
  }

  async run(untilMs: number, intervalMs: number): Promise<void> {
    const { signal } = new AbortController();
    for (let round = 0; performance.now() < untilMs; round += 1) {
      const begin = performance.now();
      const path = `${this.#folder}/${round % FILES_KEPT}`;
      const content = randomBytes(FILE_BYTES);
      await this.#try(`put ${path}`, async () => {
        await this.client.write({
          bytes: once(content),
          path,
          mode: 0o644,
          modified: { seconds: Math.floor(Date.now() / 1000), nanoseconds: 0 },
          copies: 2,
          signal,
        });
      });
      await this.#try(`get ${path}`, async () => {
        const parts: Uint8Array[] = [];
        await this.client.read(path, async (bytes) => void parts.push(bytes.slice()), { signal });
        if (!Buffer.concat(parts).equals(content)) throw new Error('other bytes came back than were stored');
      });
      await this.#try(`ls ${this.#folder}`, async () => {
        await this.client.files.listPage(this.#folder, '', signal);
      });
      await sleep(Math.max(0, intervalMs - (performance.now() - begin)));
    }
  }

  close(): Promise<void> {
    return this.#opened.close();
  }

  async #try(what: string, work: () => Promise<void>): Promise<void> {
    this.calls += 1;
    try {
      await work();
    } catch (thrown) {
      const error = toCollectiveError(thrown);
      this.failed += 1;
      this.complaints.push(`${new Date().toISOString()} ${what}: ${error.code}: ${error.message}`);
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
