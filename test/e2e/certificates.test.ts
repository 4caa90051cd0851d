import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type CertificatesSoakReport, runCertificatesSoak } from '../../scripts/certificates-soak/run.js';
import { jsonOf, World } from '../support/e2e/index.js';

/** Real processes, with certificates of the shortest life there is. */
const DURATION_MS = 18_000;
const PATIENCE_MS = 480_000;
const SOON_MS = 60_000;

describe('certificates that end within seconds', () => {
  let root: string;
  let report: CertificatesSoakReport;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'collective-certificates-'));
    report = await runCertificatesSoak({ root, durationMs: DURATION_MS, lifetime: '10s', nodes: 2, intervalMs: 1000 });
  }, PATIENCE_MS);
  afterAll(() => rm(root, { recursive: true }));

  it('are renewed by coordinator, nodes and clients, and no call fails for it', () => {
    expect(report.complaints).toEqual([]);
    expect(report.failed).toBe(0);
    expect(Object.values(report.renewals).every((count) => count > 0)).toBe(true);
  });

  it('end no stream: neither of events, nor a file that is read for as long', () => {
    expect([report.streamWhole, report.slowWhole]).toEqual([true, true]);
  });

  it('leave a log and views that are what they should be', () => {
    expect(report.audited).toBe(true);
  });
});

describe('certificates that have expired while their owners were away', () => {
  const LIFETIME_MS = 10_000;
  const ISSUED = z.object({ events: z.array(z.object({ payload: z.object({ role: z.string() }) })) });
  let world: World;
  beforeAll(async () => {
    world = await World.start({ nodes: 1, initArguments: ['--certificate-lifetime', `${LIFETIME_MS / 1000}s`] });
  });
  afterAll(() => world.stop());

  const issued = async (role: string): Promise<number> => {
    const { events } = jsonOf(await world.ok('events', 'list', '--type', 'CertificateIssued', '--json'), ISSUED);
    return events.filter(({ payload }) => payload.role === role).length;
  };
  const untilIssued = (role: string, count: number): Promise<void> =>
    expect.poll(() => issued(role), { timeout: SOON_MS, interval: 2000 }).toBeGreaterThanOrEqual(count);

  /** Once the node is here, whether its new certificate is on record yet or not: what is stored there is read again. */
  const storedAndRead = async (path: string): Promise<string> => {
    const { cluster } = world;
    await cluster.untilOnline(1);
    await cluster.ok(['write', '--copies', '1', path], { input: 'back' });
    return (await world.ok('cat', path)).stdout.toString('utf8');
  };

  it('are renewed by their keys: of a client, and of a node that the log itself waits for', async () => {
    const [node] = world.cluster.nodes;
    await node?.stop('SIGKILL');
    await sleep(LIFETIME_MS + 1_000);
    await node?.start();
    expect(await storedAndRead('/one')).toBe('back');
  });

  it('are renewed after everything was off for as long', async () => {
    const { coordinator, nodes } = world.cluster;
    await Promise.all([...nodes, coordinator].map((daemon) => daemon.stop('SIGKILL')));
    await sleep(LIFETIME_MS + 1_000);
    await Promise.all([coordinator, ...nodes].map((daemon) => daemon.start()));
    expect(await storedAndRead('/two')).toBe('back');
  });

  it('are all on record', async () => {
    // What was given out while the log waited follows when it goes on.
    for (const role of ['coordinator', 'node', 'client']) await untilIssued(role, 3);
    expect(await issued('client')).toBeGreaterThanOrEqual(3);
    await world.ok('audit', 'verify');
  });
});
