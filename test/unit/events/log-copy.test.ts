import { describe, expect, it } from 'vitest';
import { openLogCopy } from '../../../src/events/index.js';
import { SimFileSystem } from '../../simulation/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import { bytesOf, commitBlock, copyOptions, damagesOf, foundedLog, readAll, smallEvent } from '../../support/logs.js';

describe('a copy of a log', () => {
  it('stores many small blocks with one sync of the segment and one of HEAD', async () => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    for (let index = 0; index < 40; index += 1) await commitBlock(log, [smallEvent(`${index}`)]);
    const bytes = bytesOf(await readAll(log));
    const copy = await openLogCopy(copyOptions(disk, ''));
    await copy.append(bytes.slice(0, 1));
    const before = disk.faults.count('sync');
    await copy.append(bytes.slice(1));
    expect(disk.faults.count('sync') - before).toBe(2);
    expect(copy.head).toEqual(log.head);
    await copy.close();
    await log.close();
  });

  it('that meets a full disk keeps what it had room for, and goes on when there is room', async () => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    for (let index = 0; index < 5; index += 1) await commitBlock(log, [smallEvent(`${index}`)]);
    const bytes = bytesOf(await readAll(log));
    const copy = await openLogCopy({ ...copyOptions(disk, ''), segmentStepBytes: 1024 });
    await copy.append(bytes.slice(0, 1));
    disk.faults.plan({ operation: 'write', pathContains: 'copy', nth: 3, errno: 'ENOSPC' });
    expect(told(await failureOf(copy.append(bytes.slice(1))))).toContain('NOT_ENOUGH_SPACE');
    expect(copy.head.sequence).toBeLessThan(log.head.sequence);
    expect(await copy.append(bytes)).toEqual(log.head);
    expect(await damagesOf(copy.verify())).toEqual([]);
    await copy.close();
    await log.close();
  });

  it('that a full disk does not let open is told of as a failure of the disk', async () => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    const copy = await openLogCopy(copyOptions(disk, ''));
    await copy.append(bytesOf(await readAll(log)));
    await copy.close();
    const heads = disk.filesBelow('/').filter((path) => path.includes('copy') && path.includes('HEAD'));
    disk.flipBit(heads[0] ?? '', 3);
    disk.faults.plan({ operation: 'write', pathContains: 'HEAD', errno: 'ENOSPC', lasting: true });
    expect(told(await failureOf(openLogCopy(copyOptions(disk, ''))))).toContain('IO_FAILED');
    disk.faults.clear();
    const again = await openLogCopy(copyOptions(disk, ''));
    expect(again.head).toEqual(log.head);
    await again.close();
    await log.close();
  });

  it.each([1, 2, 3, 4])('is durable at the second try where sync %s of a folder failed at the first', async (nth) => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    const bytes = bytesOf(await readAll(log));
    const copy = await openLogCopy(copyOptions(disk, ''));
    disk.faults.plan({ operation: 'syncDirectory', nth, errno: 'EIO' });
    expect(told(await failureOf(copy.append(bytes)))).toContain('IO_FAILED');
    expect(await copy.append(bytes)).toEqual(log.head);
    const { head } = log;
    for (const each of [copy, log]) await each.close();
    const again = await openLogCopy(copyOptions(disk.crash('nothing'), ''));
    expect(again.head).toEqual(head);
    await again.close();
  });

  it('whose first opening the disk did not allow is taken up by the next try', async () => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    const bytes = bytesOf(await readAll(log));
    const copy = await openLogCopy(copyOptions(disk, ''));
    disk.faults.plan({ operation: 'read', pathContains: 'copy', errno: 'EIO' });
    expect(told(await failureOf(copy.append(bytes)))).toContain('IO_FAILED');
    expect(await copy.append(bytes)).toEqual(log.head);
    await copy.close();
    await log.close();
  });

  it('of which there are many begins small and doubles', async () => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    for (let index = 0; index < 40; index += 1) await commitBlock(log, [smallEvent(`${index}`)]);
    const bytes = bytesOf(await readAll(log));
    const copy = await openLogCopy({ ...copyOptions(disk, ''), segmentStepBytes: 1024 * 1024, firstStepBytes: 2048 });
    const written = (): number =>
      disk
        .filesBelow('/')
        .filter((path) => path.includes('copy') && path.endsWith('.segment'))
        .reduce((sum, path) => sum + (disk.contentOf(path)?.length ?? 0), 0);
    await copy.append(bytes.slice(0, 1));
    expect(written()).toBe(2048);
    await copy.append(bytes);
    const used = bytes.reduce((sum, block) => sum + block.length, 0);
    expect(written()).toBeGreaterThan(used);
    expect(written()).toBeLessThan(2 * used + 2048);
    expect(Math.log2(written() / 2048) % 1).toBe(0);
    await copy.close();
    await log.close();
  });

  it('whose disk fails takes nothing more until it is opened again', async () => {
    const disk = new SimFileSystem();
    const log = await foundedLog(disk, '');
    await commitBlock(log, [smallEvent('a')]);
    const bytes = bytesOf(await readAll(log));
    const copy = await openLogCopy(copyOptions(disk, ''));
    await copy.append(bytes.slice(0, 1));
    disk.faults.plan({ operation: 'sync', pathContains: 'copy', errno: 'EIO' });
    expect(told(await failureOf(copy.append(bytes)))).toContain('LOG_FAILED');
    expect(told(await failureOf(copy.append(bytes)))).toContain('LOG_FAILED');
    await copy.close();
    const again = await openLogCopy(copyOptions(disk, ''));
    expect(await again.append(bytes)).toEqual(log.head);
    await again.close();
    await log.close();
  });
});
