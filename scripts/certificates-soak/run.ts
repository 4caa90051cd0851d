import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from '../../test/support/cluster/index.js';
import { EventStream, slowGet } from './long-streams.js';
import { Worker } from './worker.js';

export interface CertificatesSoakOptions {
  /** A new or empty folder; removed by the caller. */
  readonly root: string;
  readonly durationMs: number;
  /** Of every certificate, such as 2m. */
  readonly lifetime: string;
  readonly nodes: number;
  /** Of one client's rounds of put, get and list. */
  readonly intervalMs: number;
  readonly onProgress?: (text: string) => void;
}

export interface CertificatesSoakReport {
  readonly durationMs: number;
  readonly renewals: Readonly<Record<'coordinator' | 'node' | 'client', number>>;
  readonly calls: number;
  readonly commands: number;
  readonly failed: number;
  readonly repeated: number;
  readonly streamedEvents: number;
  readonly streamWhole: boolean;
  readonly slowBytes: number;
  readonly slowWhole: boolean;
  readonly health: string;
  readonly audited: boolean;
  readonly complaints: readonly string[];
  readonly good: boolean;
}

const SLOW_FILE_BYTES_A_SECOND = 64 * 1024;
const SLOW_FILE_BYTES_MIN = 2 * 1024 * 1024;
const COMMAND_EVERY_ROUNDS = 10;
const PROGRESS_MS = 60_000;

/**
 * Clients that put, get and list, commands of their own, a stream of events, and one long get: all at once, while the certificates
 * of everybody are renewed again and again.
 */
export async function runCertificatesSoak(options: CertificatesSoakOptions): Promise<CertificatesSoakReport> {
  const { root, durationMs, lifetime, nodes, intervalMs } = options;
  const progress = options.onProgress ?? ((): void => undefined);
  const cluster = await Cluster.start({ root, nodes, initArguments: ['--certificate-lifetime', lifetime] });
  try {
    const before = await issued(cluster);
    const bytes = Math.max(SLOW_FILE_BYTES_MIN, Math.round((durationMs / 1000) * SLOW_FILE_BYTES_A_SECOND));
    const content = randomBytes(bytes);
    await cluster.ok(['write', '/slow'], { input: content });
    const slow = { path: '/slow', bytes, sha256: createHash('sha256').update(content).digest('hex') };
    const contexts = ['second', 'third'];
    for (const context of contexts) {
      const { stdout } = await cluster.ok(['client', 'invite']);
      await cluster.ok(['login', stdout.toString('utf8').trim(), '--name', context, '--context-name', context]);
      await cluster.ok(['mkdir', `/${context}`]);
    }
    const workers = await Promise.all(contexts.map((context) => Worker.open(cluster, context)));
    const stream = new EventStream(cluster);
    const complaints: string[] = [];
    const begin = performance.now();
    const untilMs = begin + durationMs;
    const commands = new Commands(cluster);
    const reporting = new AbortController();
    const reported = report(reporting.signal, () => {
      const calls = workers.reduce((sum, worker) => sum + worker.calls, 0);
      const failed = workers.reduce((sum, worker) => sum + worker.failed, 0) + commands.complaints.length;
      const minutes = ((performance.now() - begin) / 60_000).toFixed(1);
      progress(
        `${new Date().toISOString()} ${minutes} min: ${calls + commands.count} calls, ${failed} failed, ${stream.events} events`,
      );
    });
    const [slowly] = await Promise.all([
      slowGet(cluster, slow, durationMs * 0.95),
      commands.run(untilMs, intervalMs * COMMAND_EVERY_ROUNDS),
      ...workers.map((worker) => worker.run(untilMs, intervalMs)),
    ]);
    reporting.abort();
    await reported;
    const tookMs = performance.now() - begin;
    const head = await headOf(cluster);
    for (let tries = 0; stream.last < head && tries < 300; tries += 1) await sleep(100);
    if (stream.last < head) complaints.push(`the stream of events stands at ${stream.last}, the log at ${head}`);
    await stream.stop();
    await Promise.all(workers.map((worker) => worker.close()));
    const after = await issued(cluster);
    const renewals = {
      coordinator: after.coordinator - before.coordinator,
      node: after.node - before.node,
      client: after.client - before.client - contexts.length,
    };
    const status = JSON.parse((await cluster.ok(['status', '--json'])).stdout.toString('utf8')) as { health: string };
    const audits = [await cluster.command(['audit', 'verify']), await cluster.command(['audit', 'replay'])];
    complaints.push(
      ...workers.flatMap((worker) => [...worker.complaints, ...worker.logged]),
      ...commands.complaints,
      ...stream.complaints,
      ...slowly.complaints,
      ...(await faults(cluster)),
    );
    const failed = workers.reduce((sum, worker) => sum + worker.failed, 0) + commands.complaints.length;
    const streamWhole = stream.complaints.length === 0 && stream.last >= head;
    const slowWhole = slowly.complaints.length === 0 && slowly.bytes === bytes;
    const audited = audits.every(({ code }) => code === 0);
    return {
      durationMs: tookMs,
      renewals,
      calls: workers.reduce((sum, worker) => sum + worker.calls, 0) + commands.count,
      commands: commands.count,
      failed,
      repeated: workers.reduce((sum, worker) => sum + worker.repeated, 0),
      streamedEvents: stream.events,
      streamWhole,
      slowBytes: slowly.bytes,
      slowWhole,
      health: status.health,
      audited,
      complaints,
      good: failed === 0 && streamWhole && slowWhole && audited && Object.values(renewals).every((count) => count > 0),
    };
  } finally {
    await cluster.stop();
  }
}

/** Commands as people type them, each a process of its own that renews the certificate of its context when that is due. */
class Commands {
  readonly #cluster: Cluster;
  readonly complaints: string[] = [];
  count = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async run(untilMs: number, intervalMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      const begin = performance.now();
      for (const args of [['ls', '/'], ['status']]) {
        this.count += 1;
        const { code, stderr } = await this.#cluster.command(args);
        if (code !== 0 || stderr !== '') this.complaints.push(`collective ${args.join(' ')} ended with ${code}: ${stderr}`);
      }
      await sleep(Math.max(0, Math.min(intervalMs - (performance.now() - begin), untilMs - performance.now())));
    }
  }
}

async function report(signal: AbortSignal, say: () => void): Promise<void> {
  while (!signal.aborted) {
    await sleep(PROGRESS_MS, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    say();
  }
}

async function issued(cluster: Cluster): Promise<Record<'coordinator' | 'node' | 'client', number>> {
  const args = ['events', 'list', '--json', '--from', '1', '--type', 'CertificateIssued'];
  const { stdout } = await cluster.ok(args);
  const { events } = JSON.parse(stdout.toString('utf8')) as {
    events: { payload: { role: 'coordinator' | 'node' | 'client' } }[];
  };
  const counts = { coordinator: 0, node: 0, client: 0 };
  for (const { payload } of events) counts[payload.role] += 1;
  return counts;
}

async function headOf(cluster: Cluster): Promise<number> {
  const { stdout } = await cluster.ok(['status', '--json']);
  return (JSON.parse(stdout.toString('utf8')) as { log: { head: number } }).log.head;
}

/** What the daemons logged as a fault. */
async function faults(cluster: Cluster): Promise<readonly string[]> {
  const names = ['coordinator', ...cluster.nodes.map((_, index) => `node-${index + 1}`)];
  const texts = await Promise.all(names.map((name) => readFile(join(cluster.root, 'logs', `${name}.log`), 'utf8')));
  return texts.flatMap((text, index) =>
    text
      .split('\n')
      .filter((line) => line.includes('"level":"error"') || line.includes('"level":50'))
      .map((line) => `${names[index] ?? ''}: ${line.slice(0, 400)}`),
  );
}
