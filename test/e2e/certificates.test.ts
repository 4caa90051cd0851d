import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CertificatesSoakReport, runCertificatesSoak } from '../../scripts/certificates-soak/run.js';

/** Real processes, with certificates of the shortest life there is. */
const DURATION_MS = 18_000;
const PATIENCE_MS = 240_000;

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
