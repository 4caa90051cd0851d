import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DrillKind, type DrillReport, runDrills } from '../../scripts/recovery-drills/run.js';

const DRILLS = 1;
const TIMEOUT_MS = 480_000;

async function drills(kind: DrillKind, count = DRILLS): Promise<DrillReport> {
  const root = await mkdtemp(join(tmpdir(), 'collective-drills-'));
  const report = await runDrills({ root, kind, count, seed: 3 });
  await rm(root, { recursive: true });
  return report;
}

describe('nothing acknowledged is lost, and no log forks, when the folder of the coordinator', () => {
  it('is lost under load, and the coordinator recovered from its witnesses', { timeout: TIMEOUT_MS }, async () => {
    expect(await drills('recover')).toMatchObject({ drills: DRILLS, complaints: [] });
  });

  it('is put back from an old backup, with any of its witnesses away', { timeout: TIMEOUT_MS }, async () => {
    expect(await drills('backup')).toMatchObject({ drills: DRILLS, complaints: [] });
  });

  it('is declared the latest by a new epoch, with any of its witnesses away', { timeout: TIMEOUT_MS }, async () => {
    expect(await drills('epoch')).toMatchObject({ drills: DRILLS, complaints: [] });
  });

  it('is kept by other members only: lost, put back, or parted and ended by an epoch', { timeout: TIMEOUT_MS }, async () => {
    expect(await drills('member', 3)).toMatchObject({ drills: 3, complaints: [] });
  });
});
