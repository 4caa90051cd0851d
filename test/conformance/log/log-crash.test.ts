import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { NodeFileSystem } from '../../../src/runtime/index.js';
import { SimFileSystem, SimTime, type SeededRandom } from '../../simulation/ports/index.js';
import { holdRules } from '../../support/rules.js';
import { crashRules, type MortalDisk } from './crash-rules.js';
import { historyRules } from './history-rules.js';
import { MortalFileSystem } from './mortal-file-system.js';

/** More for a long search: `LOG_CRASH_SEEDS=1000 npx vitest run test/conformance/log`. */
const SEEDS = Number(process.env['LOG_CRASH_SEEDS'] ?? 40);

/** Loses power, or only its process: then nothing is lost, but what was not synced still may be at the next loss of power. */
function simulatedDisk(random: SeededRandom, time?: SimTime): MortalDisk {
  let fileSystem = new SimFileSystem({ random, ...(time === undefined ? {} : { time, latencyMs: 5 }) });
  return {
    get fileSystem() {
      return fileSystem;
    },
    root: '',
    dieAt: (nth) => fileSystem.faults.cutPowerAt(nth),
    revive: () => {
      fileSystem = random.chance(0.3) ? fileSystem.killProcess() : fileSystem.crash();
      return Promise.resolve();
    },
  };
}

/** Loses its process only. */
async function realDisk(folder: string, name: string): Promise<MortalDisk> {
  const root = join(folder, name);
  const inner = new NodeFileSystem();
  await inner.makeDirectory(root);
  let fileSystem = new MortalFileSystem(inner);
  return {
    get fileSystem() {
      return fileSystem;
    },
    root,
    dieAt: (nth) => fileSystem.dieAt(nth),
    revive: async () => {
      await fileSystem.closeHandles();
      fileSystem = new MortalFileSystem(inner);
    },
  };
}

describe('a log on a disk that loses power', () => {
  holdRules(crashRules, (body) => body({ seeds: SEEDS, lives: 8, disk: (random) => Promise.resolve(simulatedDisk(random)) }));
});

describe('a log and its copy on a disk that loses power', () => {
  holdRules(historyRules, (body) =>
    body({ seeds: Math.ceil(SEEDS / 8), lives: 6, disk: (random) => Promise.resolve(simulatedDisk(random)) }),
  );
});

describe('a log on a disk that loses power and whose operations overtake each other', () => {
  holdRules(crashRules, async (body) => {
    const time = new SimTime();
    await time.run(() => body({ seeds: SEEDS, lives: 4, disk: (random) => Promise.resolve(simulatedDisk(random, time)) }));
  });
});

describe('a log on the file system of this machine, whose process is killed', () => {
  holdRules(crashRules, async (body) => {
    const folder = await mkdtemp(join(tmpdir(), 'collective-log-crash-'));
    let count = 0;
    const disk = (): Promise<MortalDisk> => {
      count += 1;
      return realDisk(folder, String(count));
    };
    try {
      await body({ seeds: 4, lives: 5, disk });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
