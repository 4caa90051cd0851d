import { expect, it } from 'vitest';
import { bytesOfFiles } from '../../../src/coordinator/log/bytes-of-files.js';
import { SimFileSystem } from '../../simulation/ports/index.js';

it('a file that goes while a folder is summed up takes nothing', async () => {
  const disk = new SimFileSystem();
  await disk.makeDirectory('/log');
  for (const name of ['one', 'two']) {
    const file = await disk.open(`/log/${name}`, 'create-new');
    await file.write(new Uint8Array(10), 0);
    await file.close();
  }
  const summing = bytesOfFiles(disk, '/log', undefined);
  await disk.unlink('/log/two');
  expect(await summing).toBe(10);
});
