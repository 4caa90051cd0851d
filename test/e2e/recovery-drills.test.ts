import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KINDS, runDrills } from '../../scripts/recovery-drills/run.js';

const DRILLS = 2;
const TIMEOUT_MS = 240_000;

describe('nothing acknowledged is lost, and no log forks, when the disk of the coordinator', () => {
  const rules = {
    recover: 'is lost under load, and the coordinator recovered from its witnesses',
    backup: 'is put back from an old backup, with any of its witnesses away',
    epoch: 'is declared the latest by a new epoch, with any of its witnesses away',
  } as const;
  for (const kind of KINDS) {
    it(rules[kind], { timeout: TIMEOUT_MS }, async () => {
      const root = await mkdtemp(join(tmpdir(), 'collective-drills-'));
      const report = await runDrills({ root, kind, count: DRILLS, seed: 3 });
      expect(report.complaints).toEqual([]);
      expect(report.drills).toBe(DRILLS);
      expect(report.acknowledged).toBeGreaterThan(0);
      await rm(root, { recursive: true });
    });
  }
});
