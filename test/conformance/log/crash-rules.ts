import { expect } from 'vitest';
import { isCollectiveError } from '../../../src/base/index.js';
import {
  createLog,
  openLog,
  verifyLog,
  type CollectiveEvent,
  type EventLog,
  type StoredBlock,
} from '../../../src/events/index.js';
import type { FileSystem } from '../../../src/ports/index.js';
import { SeededRandom } from '../../simulation/ports/index.js';
import { commitBlock, damagesOf, largeEvent, logOptions, namesOf, readAll, smallEvent } from '../../support/logs.js';
import type { Rule } from '../../support/rules.js';

/** A disk whose user can die at any moment. */
export interface MortalDisk {
  /** Of the current life. */
  readonly fileSystem: FileSystem;
  readonly root: string;
  /** The nth operation from now on and all later ones fail. */
  dieAt(nth: number): void;
  /** Ends this life and begins the next, with what the disk kept. */
  revive(): Promise<void>;
}

export interface CrashSuite {
  /** How many histories are played. */
  readonly seeds: number;
  readonly lives: number;
  disk(random: SeededRandom): Promise<MortalDisk>;
}

/** What a history has promised so far. */
class Ledger {
  /** Acknowledged, or found when a log was opened: both are there for ever. */
  readonly acknowledged: StoredBlock[] = [];

  get sequence(): number {
    return this.acknowledged.at(-1)?.lastSequence ?? 0;
  }
}

/** The log holds all that was acknowledged, and at most one block more: the one that was being written. */
async function checkLedger(ledger: Ledger, log: EventLog): Promise<void> {
  const blocks = await readAll(log);
  const promised = namesOf(ledger.acknowledged);
  expect(namesOf(blocks).slice(0, promised.length)).toEqual(promised);
  expect(blocks.length).toBeLessThanOrEqual(promised.length + 1);
  expect(log.head.sequence).toBe(blocks.at(-1)?.lastSequence ?? 0);
  expect(await damagesOf(log.verify())).toEqual([]);
  for (const block of blocks.slice(promised.length)) {
    expect(block.header.firstSequence).toBe(ledger.sequence + 1);
    ledger.acknowledged.push(block);
  }
}

/** The deaths that a file system announces; anything else is a finding. */
function isDeath(error: unknown): boolean {
  if (!isCollectiveError(error)) return error instanceof Error && error.name === 'FileSystemError';
  return error.code === 'LOG_FAILED' || error.code === 'IO_FAILED';
}

function someEvents(random: SeededRandom): readonly CollectiveEvent[] {
  const count = 1 + random.integer(12);
  return Array.from({ length: count }, (_, index) => (random.chance(0.5) ? largeEvent : smallEvent(`event ${index}`)));
}

/** Opens the log, or makes it where none was made. Undefined: died on the way. */
async function start(disk: MortalDisk, random: SeededRandom): Promise<EventLog | undefined> {
  const options = logOptions(disk.fileSystem, disk.root, { random });
  try {
    return await openLog(options);
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'NOT_FOUND') {
      if (isDeath(error)) return undefined;
      throw error;
    }
  }
  try {
    return await createLog(options);
  } catch (error) {
    if (isDeath(error)) return undefined;
    throw error;
  }
}

async function live(disk: MortalDisk, random: SeededRandom, ledger: Ledger): Promise<void> {
  const log = await start(disk, random);
  if (log === undefined) return;
  try {
    for await (const block of log.read({ fromSequence: ledger.sequence + 1 })) ledger.acknowledged.push(block);
    for (;;) {
      const block = await commitBlock(log, someEvents(random));
      ledger.acknowledged.push(block);
    }
  } catch (error) {
    if (!isDeath(error)) throw error;
  }
}

async function history(suite: CrashSuite, seed: number): Promise<void> {
  const random = new SeededRandom(`log crash ${seed}`);
  const disk = await suite.disk(random.fork('disk'));
  const ledger = new Ledger();
  for (let life = 0; life < suite.lives; life += 1) {
    disk.dieAt(1 + random.integer(random.chance(0.3) ? 15 : 70));
    await live(disk, random.fork(`life ${life}`), ledger);
    await disk.revive();
    if (random.chance(0.3)) continue;
    const log = await start(disk, random.fork(`check ${life}`));
    expect(log).toBeDefined();
    if (log === undefined) continue;
    await checkLedger(ledger, log);
    await log.close();
    const { fileSystem, root } = disk;
    expect(await damagesOf(verifyLog(logOptions(fileSystem, root)))).toEqual([]);
  }
}

export const crashRules: readonly Rule<CrashSuite>[] = [
  [
    'every acknowledged block survives every death, without a gap, and at most one block more',
    async (suite) => {
      for (let seed = 0; seed < suite.seeds; seed += 1) {
        try {
          await history(suite, seed);
        } catch (error) {
          throw new Error(`with seed ${seed}`, { cause: error });
        }
      }
    },
  ],
];
