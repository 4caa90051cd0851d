import { describe, expect, it } from 'vitest';
import { crc32, isCollectiveError, uint32Bytes } from '../../../src/base/index.js';
import { createLog, openLog, openLogForReading, verifyLog, type StoredBlock } from '../../../src/events/index.js';
import { SeededRandom, SimFileSystem } from '../../simulation/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import { collect, commitBlock, damagesOf, largeBlock, logOptions, namesOf, readAll, smallEvent } from '../../support/logs.js';

const DIRECTORY = '/log';

interface Shelf {
  readonly disk: SimFileSystem;
  readonly blocks: readonly StoredBlock[];
  readonly segments: readonly string[];
}

/** A closed log with three segments and ten blocks. */
async function shelf(seed = 1): Promise<Shelf> {
  const disk = new SimFileSystem({ random: new SeededRandom(seed) });
  const log = await createLog(logOptions(disk, ''));
  const blocks: StoredBlock[] = [];
  for (let index = 0; index < 10; index += 1) {
    blocks.push(await commitBlock(log, [smallEvent(`${index}`), ...largeBlock]));
  }
  await log.close();
  const segments = (await disk.readDirectory(DIRECTORY)).filter((name) => name.endsWith('.segment')).sort();
  return { disk, blocks, segments };
}

const pathOf = (file: string): string => `${DIRECTORY}/${file}`;

async function readFile(disk: SimFileSystem, file: string): Promise<Uint8Array> {
  const handle = await disk.open(pathOf(file), 'read');
  const bytes = new Uint8Array(await handle.size());
  await handle.read(bytes, 0);
  await handle.close();
  return bytes;
}

async function writeFile(disk: SimFileSystem, file: string, bytes: Uint8Array, position: number): Promise<void> {
  const handle = await disk.open(pathOf(file), 'read-write');
  await handle.write(bytes, position);
  await handle.sync();
  await handle.close();
}

/** Whether the byte is of the zeros after the last record. */
const isPadding = (bytes: Uint8Array, position: number): boolean => bytes.subarray(position).every((byte) => byte === 0);

/** Offsets of the records of a segment. */
async function recordsOf(disk: SimFileSystem, file: string): Promise<readonly number[]> {
  const bytes = await readFile(disk, file);
  const view = new DataView(bytes.buffer);
  const offsets: number[] = [];
  for (let offset = 64; offset + 8 <= bytes.length && view.getUint32(offset) > 0; offset += 8 + view.getUint32(offset)) {
    offsets.push(offset);
  }
  return offsets;
}

const open = (disk: SimFileSystem) => openLog(logOptions(disk, ''));
const damages = (disk: SimFileSystem): Promise<readonly string[]> => damagesOf(verifyLog(logOptions(disk, '')));

describe('damage at rest', () => {
  it('of any bit is never read as something else: refused, or covered and said', async () => {
    const { disk, blocks, segments } = await shelf();
    const random = new SeededRandom('flips');
    const whole = namesOf(blocks);
    for (let round = 0; round < 40; round += 1) {
      const file = random.pick(['IDENTITY', 'HEAD.0', 'HEAD.1', segments[0] ?? '', segments[1] ?? '', segments[2] ?? '']);
      const bytes = await readFile(disk, file);
      const position = random.integer(bytes.length);
      disk.flipBit(pathOf(file), position);
      const said = await damages(disk);
      if (!isPadding(bytes, position)) expect(said.length).toBeGreaterThan(0);
      const survivors: StoredBlock[] = [];
      try {
        const log = await openLogForReading(logOptions(disk, ''));
        for await (const block of log.read({ fromSequence: 1 })) survivors.push(block);
        expect(namesOf(survivors)).toEqual(whole);
      } catch (error) {
        expect(isCollectiveError(error) && error.code === 'LOG_DAMAGED').toBe(true);
        expect(namesOf(survivors)).toEqual(whole.slice(0, survivors.length));
      }
      await writeFile(disk, file, bytes, 0);
    }
  });

  it('in the middle is named by file, offset and sequence, and verification goes on behind it', async () => {
    const { disk, segments } = await shelf();
    const [first = '', second = ''] = segments;
    const [offset = 0] = (await recordsOf(disk, first)).slice(1);
    const [later = 0] = await recordsOf(disk, second);
    disk.flipBit(pathOf(first), offset + 300);
    disk.flipBit(pathOf(second), later + 8 + 200);
    expect(await damages(disk)).toEqual([
      `${first} @${offset} #12: a block does not match its checksum`,
      `${second} @${later} #${Number(second.slice(0, 16))}: a block does not match its checksum`,
    ]);
    const log = await open(disk);
    const failure = await failureOf(readAll(log));
    expect(failure).toMatchObject({ code: 'LOG_DAMAGED', details: { file: first, offset, sequence: 12 } });
    expect(told(failure)).toContain(`${DIRECTORY}/${first}`);
    expect((await collect(log.read({ fromSequence: 1, toSequence: 11 }))).length).toBe(1);
    expect(await damagesOf(log.verify())).toEqual(await damages(disk));
    await log.close();
  });

  it('of a length is passed by finding the next whole block', async () => {
    const { disk, segments } = await shelf();
    const [first = ''] = segments;
    const [offset = 0] = (await recordsOf(disk, first)).slice(1);
    await writeFile(disk, first, uint32Bytes(0x7fffffff), offset);
    expect(await damages(disk)).toEqual([`${first} @${offset} #12: a block calls itself 2147483647 bytes long`]);
    await writeFile(disk, first, new Uint8Array(5000), offset);
    expect(await damages(disk)).toEqual([`${first} @${offset} #12: zeros stand where a block belongs`]);
  });

  it('with a checksum to match is found by hash and signature', async () => {
    const { disk, segments } = await shelf();
    const [first = ''] = segments;
    const [, offset = 0, next = 0] = await recordsOf(disk, first);
    const bytes = await readFile(disk, first);
    const block = bytes.subarray(offset + 8, next);
    for (const place of [100, 200, 260, block.length - 1]) {
      const forged = block.with(place, (block[place] ?? 0) ^ 4);
      await writeFile(disk, first, uint32Bytes(crc32(forged)), offset + 4);
      await writeFile(disk, first, forged, offset + 8);
      expect(await damages(disk)).toHaveLength(1);
      const log = await openLogForReading(logOptions(disk, ''));
      const readable = await failureOf(readAll(log)).catch(() => 'read');
      // The signature of a block in the middle is vouched for by the chain when reading; only a verification looks at it.
      if (place !== 200) expect(readable).toMatchObject({ code: 'LOG_DAMAGED', details: { file: first, offset } });
    }
  });

  it('of a missing or exchanged segment is named', async () => {
    const { disk, segments } = await shelf();
    const [first = '', second = '', third = ''] = segments;
    const begin = Number(third.slice(0, 16));
    await disk.rename(pathOf(second), '/kept');
    expect((await damages(disk))[0]).toContain(`events ${Number(second.slice(0, 16))} to ${begin - 1} are missing`);
    const log = await open(disk);
    const before = await collect(log.read({ fromSequence: 1, toSequence: 11 }));
    expect(before).toHaveLength(1);
    expect(told(await failureOf(readAll(log)))).toContain('LOG_DAMAGED');
    expect((await collect(log.read({ fromSequence: begin }))).length).toBeGreaterThan(0);
    await log.close();
    await disk.rename(pathOf(first), pathOf(second));
    expect((await damages(disk)).join()).toContain('the segment calls itself that of event 1');
  });
});

describe('damage at the head of a log', () => {
  it('of the last block refuses to open, naming the place and what to run', async () => {
    const { disk, blocks, segments } = await shelf();
    const last = segments.at(-1) ?? '';
    const offset = (await recordsOf(disk, last)).at(-1) ?? 0;
    disk.flipBit(pathOf(last), offset + 1000);
    const failure = await failureOf(open(disk));
    expect(failure).toMatchObject({
      code: 'LOG_DAMAGED',
      details: { file: last, offset, sequence: blocks.at(-1)?.lastSequence },
    });
    expect((failure as { next?: string }).next).toContain('collective audit verify');
  });

  it('that took the end of the last segment refuses to open', async () => {
    const { disk, segments } = await shelf();
    const last = segments.at(-1) ?? '';
    const handle = await disk.open(pathOf(last), 'read-write');
    await handle.truncate(((await recordsOf(disk, last)).at(-1) ?? 0) + 100);
    await handle.close();
    expect(await failureOf(open(disk))).toMatchObject({ code: 'LOG_DAMAGED' });
    await disk.unlink(pathOf(last));
    expect(told(await failureOf(open(disk)))).toContain('the file is missing');
    expect((await damages(disk)).join()).toContain('HEAD names event 110');
  });

  it('a missing IDENTITY or HEAD with segments is damage, and never a new log', async () => {
    for (const files of [['IDENTITY'], ['HEAD.0', 'HEAD.1']]) {
      const { disk } = await shelf();
      for (const file of files) await disk.unlink(pathOf(file));
      const before = await disk.readDirectory(DIRECTORY);
      expect(told(await failureOf(open(disk)))).toContain('LOG_DAMAGED');
      expect(told(await failureOf(createLog(logOptions(disk, ''))))).toMatch(/LOG_DAMAGED|ALREADY_EXISTS/);
      expect(await disk.readDirectory(DIRECTORY)).toEqual(before);
    }
  });

  it('one HEAD record alone may be lost or damaged: it is said, made anew, and nothing is missing', async () => {
    for (const file of ['HEAD.0', 'HEAD.1']) {
      for (const way of ['unlink', 'flip', 'empty'] as const) {
        const { disk, blocks } = await shelf();
        if (way === 'flip') disk.flipBit(pathOf(file), 60);
        else await disk.unlink(pathOf(file));
        if (way === 'empty') await (await disk.open(pathOf(file), 'create-new')).close();
        expect(await damages(disk)).toHaveLength(1);
        const log = await open(disk);
        expect(log.recovery.notices).toHaveLength(1);
        expect(namesOf(await readAll(log))).toEqual(namesOf(blocks));
        await commitBlock(log, [smallEvent('next')]);
        await log.close();
        expect(await damages(disk)).toEqual([]);
        const again = await open(disk);
        expect(again.recovery.notices).toEqual([]);
        await again.close();
      }
    }
  });

  it('a torn end above HEAD is erased, and what follows is written in its place', async () => {
    const { disk, blocks, segments } = await shelf();
    const last = segments.at(-1) ?? '';
    const bytes = await readFile(disk, last);
    const offset = (await recordsOf(disk, last)).at(-1) ?? 0;
    const end = offset + 8 + new DataView(bytes.buffer).getUint32(offset);
    const torn = bytes.slice(offset, end - 50).with(-1, 1);
    await writeFile(disk, last, torn, end);
    expect(await damages(disk)).toEqual([]);
    const log = await open(disk);
    expect(log.recovery).toEqual({ keptBlocks: 0, droppedBytes: torn.length, notices: [] });
    const next = await commitBlock(log, [smallEvent('next')]);
    expect(namesOf(await readAll(log))).toEqual(namesOf([...blocks, next]));
    await log.close();
    expect(await damages(disk)).toEqual([]);
  });

  it('a torn end is not believed where a HEAD record is unreadable too, or where a whole block follows', async () => {
    for (const way of ['head', 'block'] as const) {
      const { disk, segments } = await shelf();
      const last = segments.at(-1) ?? '';
      const bytes = await readFile(disk, last);
      const offset = (await recordsOf(disk, last)).at(-1) ?? 0;
      const end = offset + 8 + new DataView(bytes.buffer).getUint32(offset);
      await writeFile(disk, last, new Uint8Array(100).fill(7), end);
      if (way === 'head') disk.flipBit(pathOf('HEAD.1'), 60);
      else await writeFile(disk, last, bytes.slice(offset, end), end + 100);
      expect(await failureOf(open(disk))).toMatchObject({ code: 'LOG_DAMAGED', details: { file: last, offset: end } });
    }
  });

  it('a segment that does not follow is named', async () => {
    const { disk, segments } = await shelf();
    const handle = await disk.open(pathOf('0000000000009999.segment'), 'create-new');
    await handle.close();
    expect(told(await failureOf(open(disk)))).toContain('does not follow the last block');
    expect(segments).not.toContain('0000000000009999.segment');
  });
});
