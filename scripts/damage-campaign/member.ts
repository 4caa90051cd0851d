import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openContextClient } from '../../src/cli/compose/client.js';
import { openCoordinator } from '../../src/cli/compose/coordinator.js';
import { openNode } from '../../src/cli/compose/node.js';
import { createWorld } from '../../src/cli/compose/world.js';
import type { CollectiveClient } from '../../src/client/index.js';
import { createLogger } from '../../src/runtime/index.js';
import { NODES } from './fixture.js';
import { complaintOf, type Complaint } from './complaint.js';
import type { Member, ReadReport } from './trial.js';

const ONLINE_WITHIN_MS = 3000;
const VERSION = 'campaign';

/** Coordinator, nodes and client as the commands make them, all in this process. */
export class MemberInProcess implements Member {
  readonly #live: string;
  readonly #closers: (() => Promise<void> | void)[] = [];
  #failed: Complaint | undefined;
  /** Settles only if the coordinator fails. */
  #watched: Promise<void> | undefined;
  #client: CollectiveClient | undefined;

  constructor(live: string) {
    this.#live = live;
  }

  async start(): Promise<readonly Complaint[]> {
    const world = createWorld(await createLogger({ level: 'silent' }));
    const complaints: Complaint[] = [];
    const attempt = async (who: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        complaints.push(await complaintOf(who, error));
      }
    };
    const { signal } = new AbortController();
    // At once: a damaged log is got back from nodes that come while the coordinator starts.
    const coordinating = attempt('coordinator', async () => {
      const directory = join(this.#live, 'data', 'collective', 'alice', 'coordinator');
      const { coordinator, release } = await openCoordinator({ directory, overrides: {}, softwareVersion: VERSION }, world);
      this.#closers.push(release);
      await coordinator.start(signal);
      this.#closers.push(() => coordinator.stop());
      this.#watched = coordinator.failed.then(async (error) => {
        this.#failed = await complaintOf('coordinator', error);
      });
    });
    let started = 0;
    const storing = Array.from({ length: NODES }, (_, at) => {
      const index = at + 1;
      return attempt(`node-${index}`, async () => {
        const directory = join(this.#live, `node-${index}`);
        const { node, release } = await openNode({ directory, overrides: {}, softwareVersion: VERSION }, world);
        this.#closers.push(release);
        await node.start(signal);
        this.#closers.push(() => node.stop());
        started += 1;
      });
    });
    await Promise.all([coordinating, ...storing]);
    await attempt('client', async () => {
      const opened = await openContextClient(world, join(this.#live, 'config', 'collective'), undefined);
      this.#client = opened.client;
      this.#closers.push(() => opened.close());
    });
    if (!complaints.some(({ who }) => who === 'coordinator' || who === 'client')) await this.#untilOnline(started);
    return complaints;
  }

  async #untilOnline(count: number): Promise<void> {
    const deadline = performance.now() + ONLINE_WITHIN_MS;
    while (performance.now() < deadline) {
      try {
        const { nodes } = await this.#open().admin.status(AbortSignal.timeout(ONLINE_WITHIN_MS));
        if (nodes.filter(({ state }) => state === 'online').length >= count) return;
      } catch {
        // What is wrong shows when it is read.
        return;
      }
      await sleep(100);
    }
  }

  async readAll(target: string, signal: AbortSignal): Promise<ReadReport> {
    await rm(target, { recursive: true, force: true });
    try {
      const report = await this.#open().get({ sources: ['/'], destination: target, signal });
      const failures = await Promise.all(
        report.failures.map(async ({ path, error }) => ({ ...(await complaintOf('client', error)), path })),
      );
      return { failures, error: undefined };
    } catch (error) {
      return { failures: [], error: await complaintOf('client', error) };
    }
  }

  async write(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<Complaint | undefined> {
    try {
      const modified = { seconds: 1, nanoseconds: 0 };
      const { failures } = await this.#open().write({ bytes: once(bytes), path, mode: 0o644, modified, copies: 0, signal });
      const [failure] = failures;
      return failure === undefined ? undefined : await complaintOf('client', failure.error);
    } catch (error) {
      return complaintOf('client', error);
    }
  }

  async findings(signal: AbortSignal): Promise<readonly string[]> {
    const { findings } = await this.#open().admin.status(signal);
    return findings.map(({ code, message }) => `${code}: ${message}`);
  }

  async auditFindings(signal: AbortSignal): Promise<readonly string[]> {
    const { admin } = this.#open();
    const found: string[] = [];
    for await (const { findings } of admin.verifyLog(signal)) found.push(...findings.map(({ message }) => `log: ${message}`));
    for await (const { views } of admin.replayLog(signal)) {
      found.push(
        ...views.filter(({ equal }) => !equal).map(({ name, differingRows }) => `view ${name}: ${differingRows.join(', ')}`),
      );
    }
    return found;
  }

  get failed(): Complaint | undefined {
    return this.#watched === undefined ? undefined : this.#failed;
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  #open(): CollectiveClient {
    if (this.#client === undefined) throw new Error('there is no client');
    return this.#client;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
