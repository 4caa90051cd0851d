import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { LevelKeyValueStores, NodeFileSystem } from '../../../src/runtime/index.js';
import { SimFileSystem, SimKeyValueStores } from '../../simulation/ports/index.js';
import { holdRules } from '../../support/rules.js';
import { StoreFixture } from './fixture.js';
import { CHUNK_STORE_RULES } from './rules.js';

/** Room for eleven chunks of 1 MiB. */
const settings = { capacityBytes: 12_000_000 };

describe('the chunk store on the disk of this machine', () => {
  holdRules(CHUNK_STORE_RULES, async (body) => {
    const root = await mkdtemp(join(tmpdir(), 'collective-chunk-store-'));
    const fixture = new StoreFixture(root, new NodeFileSystem(), new LevelKeyValueStores(), settings);
    try {
      await fixture.create();
      await body(fixture);
    } finally {
      await fixture.close();
      await rm(root, { recursive: true });
    }
  });
});

describe('the chunk store on a simulated disk', () => {
  holdRules(CHUNK_STORE_RULES, async (body) => {
    const fileSystem = new SimFileSystem();
    await fileSystem.makeDirectory('/store');
    const fixture = new StoreFixture('/store', fileSystem, new SimKeyValueStores(), settings);
    await fixture.create();
    await body(fixture);
    await fixture.close();
  });
});
