import { expect, it } from 'vitest';
import { findHeads } from '../../../src/events/log/head-files.js';
import { SimFileSystem } from '../../simulation/ports/index.js';
import { originOf } from '../../support/events.js';
import { foundedLog } from '../../support/logs.js';

it.each(['open', 'read'] as const)('a HEAD file that the disk does not give (%s) is an error of the disk', async (operation) => {
  const disk = new SimFileSystem();
  await (await foundedLog(disk, '')).close();
  disk.faults.plan({ operation, errno: 'EIO', lasting: true });
  await expect(findHeads(disk, '/log', originOf(1))).rejects.toMatchObject({ code: 'IO_FAILED' });
});
