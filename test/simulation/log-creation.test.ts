import { describe, expect, it } from 'vitest';
import { createLog, openLog } from '../../src/events/index.js';
import { logOptions } from '../support/logs.js';
import { SimFileSystem } from './ports/index.js';

describe('a log that was made', () => {
  it('is there when the power fails right afterwards', async () => {
    const disk = new SimFileSystem();
    await (await createLog(logOptions(disk, ''))).close();
    const log = await openLog(logOptions(disk.crash('nothing'), ''));
    expect(log.head.sequence).toBe(0);
    await log.close();
  });
});
