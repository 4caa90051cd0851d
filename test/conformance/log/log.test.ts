import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { NodeFileSystem } from '../../../src/runtime/index.js';
import { SimFileSystem, SimTime } from '../../simulation/ports/index.js';
import { holdRules } from '../../support/rules.js';
import { copyRules } from './copy-rules.js';
import { mendRules } from './mend-rules.js';
import { logRules } from './rules.js';

function checkHandles(fileSystem: SimFileSystem): void {
  expect(fileSystem.openHandles).toBe(0);
}

describe('a log on the simulated file system', () => {
  holdRules([...logRules, ...copyRules, ...mendRules], async (body) => {
    const fileSystem = new SimFileSystem();
    await body({ fileSystem, root: '' });
    checkHandles(fileSystem);
  });
});

describe('a log on a simulated file system that takes time', () => {
  holdRules([...logRules, ...copyRules, ...mendRules], async (body) => {
    const time = new SimTime();
    const fileSystem = new SimFileSystem({ time, latencyMs: 5 });
    await time.run(() => body({ fileSystem, root: '' }));
    checkHandles(fileSystem);
  });
});

describe('a log on the file system of this machine', () => {
  holdRules([...logRules, ...copyRules, ...mendRules], async (body) => {
    const root = await mkdtemp(join(tmpdir(), 'collective-log-'));
    try {
      await body({ fileSystem: new NodeFileSystem(), root });
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
