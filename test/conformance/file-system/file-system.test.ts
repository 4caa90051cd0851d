import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import type { FileSystem } from '../../../src/ports/index.js';
import { NodeFileSystem } from '../../../src/runtime/index.js';
import { holdRules } from '../../support/rules.js';
import { SeededRandom, SimFileSystem, SimTime } from '../../simulation/ports/index.js';
import { crashRules } from './crash-rules.js';
import { fileSystemRules, type FileSystemSubject } from './rules.js';

const inTemporaryFolder = (fileSystem: FileSystem) => async (body: (subject: FileSystemSubject) => Promise<void>) => {
  const root = await mkdtemp(join(tmpdir(), 'collective-file-system-'));
  try {
    await body({ fileSystem, root });
  } finally {
    await rm(root, { recursive: true });
  }
};

describe("this machine's file system", () => {
  holdRules(fileSystemRules, inTemporaryFolder(new NodeFileSystem()));
});

describe("this machine's file system without direct writes", () => {
  holdRules(fileSystemRules, inTemporaryFolder(new NodeFileSystem({ directWrites: false })));
});

describe('the simulated file system', () => {
  holdRules(fileSystemRules, async (body) => {
    const fileSystem = new SimFileSystem();
    await fileSystem.makeDirectory('/root');
    await body({ fileSystem, root: '/root' });
  });
});

describe('the simulated file system, taking time', () => {
  holdRules(fileSystemRules, async (body) => {
    const time = new SimTime();
    const fileSystem = new SimFileSystem({ time, latencyMs: 10, random: new SeededRandom(7) });
    await time.run(async () => {
      await fileSystem.makeDirectory('/root');
      await body({ fileSystem, root: '/root' });
    });
  });
});

describe('the simulated file system in a crash', () => {
  holdRules(crashRules, (body) => body());
});
