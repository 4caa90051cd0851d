import { expect, it } from 'vitest';
import { findHeads } from '../../../src/events/log/files/head-files.js';
import { SimFileSystem } from '../../simulation/ports/index.js';
import { readKeys } from '../../../src/events/log/files/keys-file.js';
import { readIdentity } from '../../../src/events/log/files/identity-file.js';
import { hasher, originOf } from '../../support/events.js';
import { foundedLog } from '../../support/logs.js';

it.each(['open', 'read'] as const)('a HEAD file that the disk does not give (%s) is an error of the disk', async (operation) => {
  const disk = new SimFileSystem();
  await (await foundedLog(disk, '')).close();
  disk.faults.plan({ operation, errno: 'EIO', lasting: true });
  await expect(findHeads(disk, '/log', originOf(1))).rejects.toMatchObject({ code: 'IO_FAILED' });
});

it('a file of keys that the disk does not give is an error of the disk', async () => {
  const disk = new SimFileSystem();
  await (await foundedLog(disk, '')).close();
  const identity = await readIdentity(disk, '/log', originOf(1));
  disk.faults.plan({ operation: 'open', errno: 'EIO', lasting: true });
  await expect(readKeys(disk, '/log', identity, hasher)).rejects.toMatchObject({ code: 'IO_FAILED' });
});
