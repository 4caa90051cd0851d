import { describe, expect, test } from 'vitest';
import { ROOT_FILE_ID, type FileId } from '../../../src/base/index.js';
import { ALICE, AT, Chronicle, CountingStore, founded, openHost, openStore, World } from './support.js';

describe('a view host', () => {
  test('shows what was applied', async () => {
    const world = await World.open();
    const id = world.chronicle.nextId;
    await world.record({ type: 'DirectoryCreated', parentId: ROOT_FILE_ID, name: 'photos', mode: 0o755, modified: AT });
    const walk = await world.host.run((views) => views.namespace.walk(['photos']));
    expect(walk).toEqual({ trail: [ROOT_FILE_ID, id], fileId: id, kind: 'directory', found: 1 });
    await world.host.flush();
    expect(await world.host.run((views) => views.namespace.pathOf(id))).toEqual(['photos']);
  });
});
