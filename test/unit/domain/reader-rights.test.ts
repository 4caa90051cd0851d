import { beforeEach, describe, expect, it } from 'vitest';
import { type FileId, fileIdAt, type GrantId, grantIdAt, type MemberId, ROOT_FILE_ID } from '../../../src/base/index.js';
import { versionForReader } from '../../../src/domain/index.js';
import type { CollectiveEvent } from '../../../src/events/index.js';
import { NOW_MS } from '../projections/random-log.js';
import { clientId, memberId, uploadId, World } from '../projections/support.js';

const BOB = memberId('bob');
const CAROL = memberId('carol');
const HOUR_MS = 3_600_000;
const time = { seconds: 0, nanoseconds: 0 };

/** A member's log, as carol knows it. */
let world: World;
let photos: FileId;
let summer: FileId;
let lake: FileId;

const admit = (id: MemberId, name: string): CollectiveEvent => ({
  type: 'MemberAdmitted',
  memberId: id,
  name,
  identityPublicKey: new Uint8Array(44),
  caCertificate: Uint8Array.of(1),
  caEndorsement: Uint8Array.of(2),
  endpoints: [],
  inviteId: '',
  introducedBy: '',
});
const recorded = async (event: CollectiveEvent) => {
  const [first] = await world.record(event);
  if (first === undefined) throw new Error('it was recorded');
  return first.envelope.position;
};
const folder = async (parentId: FileId, name: string): Promise<FileId> =>
  fileIdAt(await recorded({ type: 'DirectoryCreated', parentId, name, mode: 0o755, modified: time }));
const grant = async (directoryId: FileId, rights: ('read' | 'write')[], untilMs = 0): Promise<GrantId> =>
  grantIdAt(await recorded({ type: 'GrantGiven', directoryId, memberId: BOB, rights, untilMs }));
const commit = async (fileId: FileId, version: number): Promise<void> => {
  await recorded({
    type: 'FileCommitted',
    fileId,
    version,
    sizeBytes: 0,
    mode: 0o644,
    modified: time,
    extentListIds: [],
    extents: [],
    contentType: '',
    uploadId: uploadId('a'),
    openSessionId: '',
  });
};
const readable = (file: FileId, version = 1, nowMs = NOW_MS): Promise<number | undefined> =>
  world.host.run(
    (views) =>
      versionForReader({ reader: BOB, holder: CAROL }, { fileId: file, version }, views, { nowMs, retentionMs: HOUR_MS })
        ?.committedMs,
  );

beforeEach(async () => {
  world = await World.open();
  await world.record(admit(BOB, 'bob'), admit(CAROL, 'carol'));
  photos = await folder(ROOT_FILE_ID, 'photos');
  summer = await folder(photos, 'summer');
  lake = fileIdAt(await recorded({ type: 'FileCreated', parentId: summer, name: 'lake.jpg', mode: 0o644, modified: time }));
  await recorded({
    type: 'UploadOpened',
    uploadId: uploadId('a'),
    clientId: clientId('laptop'),
    copies: 1,
    minimumCopies: 0,
    spread: 'nodes',
    expiresAtMs: NOW_MS + HOUR_MS,
  });
  await commit(lake, 1);
});

describe('what a member may read of another at a third one', () => {
  it('is what stands in a granted folder, for as long as the grant holds', async () => {
    expect(await readable(lake)).toBeUndefined();
    const given = await grant(photos, ['read'], NOW_MS + HOUR_MS);
    expect(await readable(lake)).toBeDefined();
    expect(await readable(lake, 1, NOW_MS + HOUR_MS - 1)).toBeDefined();
    expect(await readable(lake, 1, NOW_MS + HOUR_MS)).toBeUndefined();
    await recorded({ type: 'GrantWithdrawn', grantId: given });
    expect(await readable(lake)).toBeUndefined();
  });

  it('is no folder, no version that never was, and nothing by a grant to write', async () => {
    await grant(photos, ['write']);
    expect(await readable(lake)).toBeUndefined();
    await grant(photos, ['read']);
    expect(await readable(summer)).toBeUndefined();
    expect(await readable(lake, 2)).toBeUndefined();
    expect(await readable(lake, 0)).toBeUndefined();
  });

  it('is nothing that was deleted or moved out of the folder', async () => {
    await grant(summer, ['read']);
    const moved = { fromParentId: summer, fromName: 'lake.jpg', toParentId: photos, toName: 'lake.jpg', fileId: lake };
    await recorded({ type: 'EntryMoved', ...moved, replacedFileId: undefined });
    expect(await readable(lake)).toBeUndefined();
    await grant(photos, ['read']);
    expect(await readable(lake)).toBeDefined();
    await recorded({ type: 'EntryRemoved', parentId: photos, name: 'lake.jpg', fileId: lake });
    expect(await readable(lake)).toBeUndefined();
  });

  it.each([['reader'], ['holder']] as const)('is nothing once the owner has suspended the %s', async (who) => {
    await grant(photos, ['read']);
    expect(await readable(lake)).toBeDefined();
    const suspended = who === 'reader' ? BOB : CAROL;
    await recorded({ type: 'MemberSuspended', memberId: suspended, epoch: 0, sequence: 0, note: '' });
    expect(await readable(lake)).toBeUndefined();
  });
});
