import { expect } from 'vitest';
import { isCollectiveError } from '../../../src/base/index.js';
import {
  createLog,
  createLogFromBlocks,
  openLog,
  openLogCopy,
  verifyLog,
  type EventLog,
  type LogCopy,
  type StoredBlock,
} from '../../../src/events/index.js';
import { FileSystemError, type FileSystem } from '../../../src/ports/index.js';
import { SeededRandom } from '../../simulation/ports/index.js';
import {
  bytesOf,
  commitBlock,
  copyOptions,
  damagesOf,
  digestsOf,
  endorsed,
  founding,
  IDENTITY,
  largeEvent,
  logKey,
  logOptions,
  readAll,
  smallEvent,
} from '../../support/logs.js';
import type { Rule } from '../../support/rules.js';
import type { CrashSuite, MortalDisk } from './crash-rules.js';

const KEYS = 40;
const SIGNERS = Array.from({ length: KEYS }, (_, number) => logKey(number));

/** What a member's log and the copy of it have promised. */
class Promises {
  /** Blocks that were acknowledged, or found when the log was opened. */
  own: readonly StoredBlock[] = [];
  /** Digests of the blocks that the copy acknowledged. */
  copy: readonly string[] = [];
  /** Digests of what the copy was being given. */
  offered: readonly string[] = [];
  key = 1;
}

const isDeath = (error: unknown): boolean =>
  isCollectiveError(error)
    ? error.code === 'LOG_FAILED' || error.code === 'IO_FAILED'
    : error instanceof Error && error.name === 'FileSystemError';

const isRefusal = (error: unknown): boolean =>
  isCollectiveError(error) && (error.code === 'LOG_FORKED' || error.code === 'LOG_DAMAGED');

const commonLength = (left: readonly string[], right: readonly string[]): number => {
  const index = left.findIndex((digest, place) => digest !== right[place]);
  return index < 0 ? left.length : index;
};

function expectEqual(found: unknown, expected: unknown): void {
  expect(found).toEqual(expected);
}

/** A death on the way shows as files that cannot be read. */
async function expectWhole(log: EventLog | LogCopy): Promise<void> {
  const damages = await damagesOf(log.verify());
  if (damages.some((damage) => damage.includes('ESHUTDOWN'))) throw new FileSystemError('ESHUTDOWN', 'verify', '');
  expect(damages).toEqual([]);
}

class Life {
  readonly #disk: MortalDisk;
  readonly #random: SeededRandom;
  readonly #promises: Promises;

  constructor(disk: MortalDisk, random: SeededRandom, promises: Promises) {
    this.#disk = disk;
    this.#random = random;
    this.#promises = promises;
  }

  get #options(): ReturnType<typeof logOptions> {
    return logOptions(this.#disk.fileSystem, this.#disk.root, { random: this.#random, signer: SIGNERS });
  }

  /** Opens both, checks what they promised, and acts until something dies. */
  async live(): Promise<void> {
    const logs: { close(): Promise<void> }[] = [];
    try {
      const own = await this.#openOwn();
      logs.push(own);
      const copy = await openLogCopy(copyOptions(this.#disk.fileSystem, this.#disk.root));
      logs.push(copy);
      await this.#check(own, copy);
      for (let acts = 0; acts < 25; acts += 1) await this.#act(own, copy);
      for (const log of logs) await log.close();
    } catch (error) {
      if (!isDeath(error)) throw error;
    }
  }

  async #openOwn(): Promise<EventLog> {
    try {
      return await openLog(this.#options);
    } catch (error) {
      if (!isCollectiveError(error) || error.code !== 'NOT_FOUND') throw error;
    }
    expectEqual(this.#promises.own, []);
    return createLog({ ...this.#options, signer: logKey(1) });
  }

  async #check(own: EventLog, copy: LogCopy): Promise<void> {
    const promises = this.#promises;
    const blocks = await readAll(own);
    const acknowledged = digestsOf(promises.own);
    expectEqual(digestsOf(blocks).slice(0, acknowledged.length), acknowledged);
    expectEqual(blocks.length <= acknowledged.length + 1, true);
    await expectWhole(own);
    promises.own = blocks;
    const held = digestsOf(await readAll(copy));
    const { copy: before, offered } = promises;
    const shared = commonLength(before, offered);
    const isOld = held.length >= shared && commonLength(held, before) === held.length;
    const isNew = held.length >= shared && commonLength(held, offered) === held.length;
    expectEqual(isOld || isNew, true);
    if (shared === before.length || offered.length === 0) expectEqual(held.length >= before.length, true);
    await expectWhole(copy);
    promises.copy = held;
    promises.offered = [];
  }

  async #act(own: EventLog, copy: LogCopy): Promise<void> {
    const random = this.#random;
    const dice = random.integer(100);
    if (this.#promises.own.length === 0) await this.#took(commitBlock(own, [founding(logKey(1))]));
    else if (dice < 55) await this.#took(commitBlock(own, random.chance(0.6) ? [smallEvent('a')] : Array(9).fill(largeEvent)));
    else if (dice < 62) await this.#rotate(own);
    else if (dice < 68) await this.#startEpoch(own);
    else await this.#feed(own, copy);
  }

  async #took(committing: Promise<StoredBlock>): Promise<void> {
    this.#promises.own = [...this.#promises.own, await committing];
  }

  #nextKey(): number {
    this.#promises.key = (this.#promises.key + 1) % KEYS;
    return this.#promises.key;
  }

  async #rotate(own: EventLog): Promise<void> {
    const signer = logKey(this.#nextKey());
    await this.#took(own.rotateKey({ signer, endorsement: endorsed(signer) }));
  }

  async #startEpoch(own: EventLog, epoch?: number): Promise<void> {
    const signer = logKey(this.#nextKey());
    const change = { signer, endorsement: endorsed(signer), identitySigner: IDENTITY, reason: 'a test' };
    await this.#took(own.startEpoch(epoch === undefined ? change : { ...change, epoch }));
  }

  async #feed(own: EventLog, copy: LogCopy): Promise<void> {
    const promises = this.#promises;
    const from = this.#random.integer(Math.min(promises.copy.length, promises.own.length) + 1);
    const to = from + 1 + this.#random.integer(8);
    if (from === promises.own.length) return;
    const offered = digestsOf(promises.own.slice(0, to));
    const parted = commonLength(promises.copy, offered) < Math.min(promises.copy.length, offered.length);
    promises.offered = digestsOf(promises.own);
    try {
      await copy.append(bytesOf(promises.own.slice(from, to)));
      promises.copy = promises.copy.length >= offered.length && !parted ? promises.copy : offered;
    } catch (error) {
      if (!isRefusal(error) || (!parted && copy.fork === undefined)) throw error;
      await this.#follow(own, copy);
    }
    promises.offered = [];
  }

  /** What an operator does about a fork. */
  async #follow(own: EventLog, copy: LogCopy): Promise<void> {
    const promises = this.#promises;
    promises.copy = digestsOf(await readAll(copy));
    if (own.head.epoch <= copy.head.epoch) await this.#startEpoch(own, copy.head.epoch + 1);
    promises.offered = digestsOf(promises.own);
    await copy.followEpoch((fromSequence) => bytesFrom(own, fromSequence));
    expectEqual(copy.fork, undefined);
    expectEqual(copy.head, own.head);
    promises.copy = promises.offered;
  }
}

async function* bytesFrom(log: EventLog, fromSequence: number): AsyncGenerator<Uint8Array, void> {
  for await (const { bytes } of log.read({ fromSequence })) yield bytes;
}

async function wipe(fileSystem: FileSystem, directory: string): Promise<void> {
  for (const name of await fileSystem.readDirectory(directory)) await fileSystem.unlink(`${directory}/${name}`);
  await fileSystem.syncDirectory(directory);
}

/** An old backup of the log is put back; half of the times, what the copy has besides is taken from it first. */
async function restore(disk: MortalDisk, random: SeededRandom, promises: Promises): Promise<void> {
  const { fileSystem, root } = disk;
  const options = logOptions(fileSystem, root, { random, signer: SIGNERS });
  const kept = promises.own.slice(0, 1 + random.integer(promises.own.length));
  await wipe(fileSystem, options.directory);
  const own = await createLogFromBlocks(options, feed(bytesOf(kept)));
  const copy = await openLogCopy(copyOptions(fileSystem, root));
  const held = await readAll(copy);
  const follows = commonLength(digestsOf(kept), digestsOf(held)) === kept.length;
  if (follows && random.chance(0.5)) {
    await own.adopt(bytesOf(held));
    expect(own.head).toEqual(copy.head);
  }
  promises.own = await readAll(own);
  await own.close();
  await copy.close();
}

async function* feed(blocks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  await Promise.resolve();
  yield* blocks;
}

async function history(suite: CrashSuite, seed: number): Promise<void> {
  const random = new SeededRandom(`log history ${seed}`);
  const disk = await suite.disk(random.fork('disk'));
  const promises = new Promises();
  for (let number = 0; number < suite.lives; number += 1) {
    disk.dieAt(1 + random.integer(random.chance(0.3) ? 25 : 200));
    await new Life(disk, random.fork(`life ${number}`), promises).live();
    await disk.revive();
    await new Life(disk, random.fork(`check ${number}`), promises).live();
    await disk.revive();
    if (promises.own.length > 0 && random.chance(0.4)) await restore(disk, random.fork(`restore ${number}`), promises);
  }
  const { fileSystem, root } = disk;
  if (promises.own.length > 0) expect(await damagesOf(verifyLog(logOptions(fileSystem, root)))).toEqual([]);
}

export const historyRules: readonly Rule<CrashSuite>[] = [
  [
    'a log and its copy keep what they acknowledged through rotations, epochs, deaths, old backups and forks',
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
