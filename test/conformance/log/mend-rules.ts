import { expect } from 'vitest';
import {
  createLogFromBlocks,
  mendLog,
  openLog,
  verifyLog,
  type BlockByteSource,
  type EventLog,
  type StoredBlock,
} from '../../../src/events/index.js';
import type { FileSystem } from '../../../src/ports/index.js';
import { SeededRandom } from '../../simulation/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import {
  bytesOf,
  collect,
  commitBlock,
  copyOptions,
  damagesOf,
  digestsOf,
  endorsed,
  foundedLog,
  largeBlock,
  logKey,
  logOptions,
  readAll,
  smallEvent,
} from '../../support/logs.js';
import type { Rule } from '../../support/rules.js';
import type { LogSubject } from './rules.js';

export const fromBlocks = (blocks: readonly StoredBlock[]): BlockByteSource =>
  async function* (fromSequence) {
    await Promise.resolve();
    for (const block of blocks) if (block.lastSequence >= fromSequence) yield block.bytes;
  };

/** Some segments, and a key that changed. */
async function madeLog({ fileSystem, root }: LogSubject): Promise<readonly StoredBlock[]> {
  const log = await foundedLog(fileSystem, root);
  for (let index = 0; index < 5; index += 1) await commitBlock(log, largeBlock);
  await log.rotateKey({ signer: logKey(2), endorsement: endorsed(logKey(2)) });
  for (let index = 0; index < 5; index += 1) await commitBlock(log, [smallEvent(`${index}`), ...largeBlock]);
  const blocks = await readAll(log);
  await log.close();
  return blocks;
}

/** More for a long search: `LOG_MEND_SEEDS=1000 npx vitest run test/conformance/log`. */
const SEEDS = Number(process.env['LOG_MEND_SEEDS'] ?? 8);

const SIGNERS = [logKey(1), logKey(2)];

async function bytesAt(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(await handle.size());
    await handle.read(bytes, 0);
    return bytes;
  } finally {
    await handle.close();
  }
}

async function replace(fileSystem: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  await fileSystem.unlink(path);
  const handle = await fileSystem.open(path, 'create-new');
  await handle.write(bytes, 0);
  await handle.sync();
  await handle.close();
}

/** Alters, empties, shortens, deletes or exchanges files of a log's folder. */
async function damage(fileSystem: FileSystem, directory: string, random: SeededRandom): Promise<string> {
  const names = (await fileSystem.readDirectory(directory)).filter((name) => name !== 'quarantine').toSorted();
  const name = names[random.integer(names.length)] ?? '';
  const other = names[random.integer(names.length)] ?? '';
  const path = `${directory}/${name}`;
  const bytes = await bytesAt(fileSystem, path);
  const position = random.integer(Math.max(1, bytes.length));
  switch (random.integer(5)) {
    case 0:
      await replace(fileSystem, path, bytes.with(position, (bytes[position] ?? 0) ^ (1 << random.integer(8))));
      return `a flipped bit in ${name} at ${position}`;
    case 1:
      await replace(fileSystem, path, new Uint8Array(bytes).fill(0, position, position + 4096));
      return `a page of zeros in ${name} at ${position}`;
    case 2:
      await replace(fileSystem, path, bytes.slice(0, position));
      return `${name} cut at ${position}`;
    case 3:
      await fileSystem.unlink(path);
      return `${name} deleted`;
    default: {
      const others = await bytesAt(fileSystem, `${directory}/${other}`);
      await replace(fileSystem, path, others);
      if (other !== name) await replace(fileSystem, `${directory}/${other}`, bytes);
      return `${name} and ${other} exchanged`;
    }
  }
}

const isWhole = async (subject: LogSubject): Promise<boolean> => {
  const options = logOptions(subject.fileSystem, subject.root, { signer: SIGNERS });
  let log: EventLog;
  try {
    log = await openLog(options);
  } catch {
    // Any refusal to open is what the mending is for.
    return false;
  }
  const damages = await damagesOf(log.verify());
  await log.close();
  return damages.length === 0;
};

export const mendRules: readonly Rule<LogSubject>[] = [
  [
    'a log damaged anywhere is mended from its blocks to the same bytes',
    async (subject) => {
      const blocks = await madeLog(subject);
      const options = logOptions(subject.fileSystem, subject.root, { signer: SIGNERS });
      for (let seed = 0; seed < SEEDS; seed += 1) {
        const random = new SeededRandom(`mend ${seed}`);
        const done: string[] = [];
        for (let count = 1 + random.integer(2); count > 0; count -= 1) {
          done.push(await damage(subject.fileSystem, options.directory, random));
        }
        const what = `seed ${seed}: ${done.join(', ')}`;
        try {
          if (!(await isWhole(subject))) await mendLog(options, { source: fromBlocks(blocks) });
          const log = await openLog(options);
          expect(await damagesOf(log.verify())).toEqual([]);
          expect(digestsOf(await readAll(log))).toEqual(digestsOf(blocks));
          await log.close();
          expect(await damagesOf(verifyLog(options))).toEqual([]);
        } catch (error) {
          throw new Error(what, { cause: error });
        }
      }
    },
  ],
  [
    'what is mended is said, what is whole is left alone, and what was damaged is kept',
    async (subject) => {
      const { fileSystem, root } = subject;
      const blocks = await madeLog(subject);
      const options = logOptions(fileSystem, root, { signer: SIGNERS });
      const path = `${options.directory}/0000000000000001.segment`;
      const bytes = await bytesAt(fileSystem, path);
      await replace(fileSystem, path, bytes.with(3000, (bytes[3000] ?? 0) ^ 1));
      const report = await mendLog(options, { source: fromBlocks(blocks) });
      expect(report).toEqual({ filled: [{ fromSequence: 2, toSequence: 11 }], files: ['0000000000000001.segment'] });
      expect(await fileSystem.readDirectory(`${options.directory}/quarantine`)).toEqual(['0000000000000001.segment.damaged.1']);
      expect(await mendLog(options, { source: fromBlocks([]) })).toEqual({ filled: [], files: [] });
    },
  ],
  [
    'a block that nobody has is named, and nothing is changed',
    async (subject) => {
      const { fileSystem, root } = subject;
      const blocks = await madeLog(subject);
      const options = logOptions(fileSystem, root, { signer: SIGNERS });
      const path = `${options.directory}/0000000000000001.segment`;
      const bytes = await bytesAt(fileSystem, path);
      const altered = bytes.with(3000, (bytes[3000] ?? 0) ^ 1);
      await replace(fileSystem, path, altered);
      const failure = await failureOf(mendLog(options, { source: fromBlocks(blocks.slice(2)) }));
      expect(told(failure)).toContain('LOG_DAMAGED');
      expect(failure).toMatchObject({ details: { fromSequence: 2 } });
      expect(digestsOf([await bytesAt(fileSystem, path)])).toEqual(digestsOf([altered]));
    },
  ],
  [
    'a lost log is made again from its blocks, also in several tries',
    async (subject) => {
      const { fileSystem, root } = subject;
      const blocks = await madeLog(subject);
      const options = {
        ...logOptions(fileSystem, root, { signer: SIGNERS }),
        directory: copyOptions(fileSystem, root).directory,
      };
      const broken = async function* (): AsyncGenerator<Uint8Array, void> {
        yield* bytesOf(blocks.slice(0, 4));
        await Promise.resolve();
        throw new Error('the line broke');
      };
      expect(told(await failureOf(createLogFromBlocks(options, broken())))).toContain('the line broke');
      const log = await createLogFromBlocks(options, fromBlocks(blocks)(1));
      expect(digestsOf(await collect(log.read({ fromSequence: 1 })))).toEqual(digestsOf(blocks));
      await commitBlock(log, [smallEvent('goes on')]);
      expect(await damagesOf(log.verify())).toEqual([]);
      await log.close();
    },
  ],
];
