import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileIdAt, type FileId, grantIdAt, type GrantId, ROOT_FILE_ID } from '../../../src/base/index.js';
import { boundBelow } from '../../../src/coordinator/files/bound-below.js';
import { decideGiveGrant, decideWithdrawGrant, formerPath, GrantScope } from '../../../src/domain/index.js';
import type { CollectiveEvent, GrantRight } from '../../../src/events/index.js';
import { NOW_MS } from '../projections/random-log.js';
import { memberId, uploadId, World } from '../projections/support.js';

const BOB = memberId('bob');
const CAROL = memberId('carol');
const time = { seconds: 0, nanoseconds: 0 };

let world: World;
let photos: FileId;
let summer: FileId;
let secret: FileId;

const admit = (id: typeof BOB, name: string): CollectiveEvent => ({
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
const record = async (event: CollectiveEvent): Promise<FileId> => {
  const [recorded] = await world.record(event);
  if (recorded === undefined) throw new Error('it was recorded');
  return fileIdAt(recorded.envelope.position);
};
const folder = (parentId: FileId, name: string): Promise<FileId> =>
  record({ type: 'DirectoryCreated', parentId, name, mode: 0o755, modified: time });
const scope = (nowMs = NOW_MS, who = BOB): Promise<GrantScope> => world.host.run((views) => new GrantScope(who, views, nowMs));
const covers = async (path: string, right: GrantRight, nowMs = NOW_MS, who = BOB): Promise<boolean> =>
  world.host.run((views) => new GrantScope(who, views, nowMs).covers(path.split('/').filter(Boolean), right));
const give = async (names: string[], rights: GrantRight[], lifeMs = 0): Promise<GrantId> => {
  const given = await world.decide((views) =>
    decideGiveGrant({ names, memberId: BOB, rights, lifeMs }, views, { nowMs: NOW_MS }),
  );
  if (!given.ok) throw given.error;
  const [first] = given.value;
  if (first === undefined) throw new Error('it was given');
  return grantIdAt(first.envelope.position);
};
const refusal = (giving: Partial<Parameters<typeof decideGiveGrant>[0]>): Promise<string | undefined> =>
  world.host.run((views) => {
    const asked = { names: ['photos'], memberId: BOB, rights: ['read'] as const, lifeMs: 0, ...giving };
    const decision = decideGiveGrant(asked, views, { nowMs: NOW_MS });
    return decision.ok ? undefined : decision.error.code;
  });

beforeEach(async () => {
  world = await World.open();
  await world.record(admit(BOB, 'bob'), admit(CAROL, 'carol'));
  photos = await folder(ROOT_FILE_ID, 'photos');
  summer = await folder(photos, 'summer');
  secret = await folder(ROOT_FILE_ID, 'secret');
});

describe('a grant', () => {
  test('holds for its folder and all below it, for its rights and its member, and for nothing else', async () => {
    await give(['photos'], ['read']);
    expect(await covers('/photos/summer/new/deep.jpg', 'read')).toBe(true);
    expect(await covers('/photos', 'read')).toBe(true);
    expect(await covers('/photos', 'write')).toBe(false);
    expect(await covers('/secret', 'read')).toBe(false);
    expect(await covers('/', 'read')).toBe(false);
    expect(await covers('/photos', 'read', NOW_MS, CAROL)).toBe(false);
  });

  test('that has run out is told from none, only to whom it was given and only where it held', async () => {
    await give(['photos'], ['read'], 1000);
    const told = (path: string, right: GrantRight, who = BOB): Promise<string | undefined> =>
      world.host.run((views) => {
        const required = new GrantScope(who, views, NOW_MS + 61_000).require(path.split('/').filter(Boolean), right);
        return required.ok ? undefined : required.error.message;
      });
    expect(await told('/photos/summer', 'read')).toBe(
      'You may not read /photos/summer any more: what was granted to you ended 1 min ago.',
    );
    const none = 'it is not granted to you.';
    expect(await told('/photos/summer', 'write')).toContain(none);
    expect(await told('/secret', 'read')).toContain(none);
    expect(await told('/photos/summer', 'read', CAROL)).toContain(none);
  });

  test('of a folder that went with another one is for where that was', async () => {
    const where = (): Promise<readonly string[] | undefined> => world.host.run(({ namespace }) => formerPath(summer, namespace));
    expect(await where()).toEqual(['photos', 'summer']);
    await record({ type: 'EntryRemoved', parentId: ROOT_FILE_ID, name: 'photos', fileId: photos });
    expect(await where()).toEqual(['photos', 'summer']);
  });

  test('goes with a folder above its own, and that is told before', async () => {
    await give(['photos', 'summer'], ['read']);
    await give(['secret'], ['read'], 1);
    await record({ type: 'PolicySet', directoryId: photos, copies: 2, minimumCopies: 1, spread: 'nodes' });
    const bound = (names: readonly string[]): Promise<unknown> =>
      world.host.run((views) => boundBelow(names, views, NOW_MS + 1000));
    expect(await bound(['photos'])).toEqual({ grants: 1, policies: 1, folders: 2, paths: ['/photos', '/photos/summer'] });
    expect(await bound(['photos', 'summer'])).toEqual({ grants: 1, policies: 0, folders: 1, paths: ['/photos/summer'] });
    expect(await bound(['secret'])).toBeUndefined();
    expect(await bound(['nothing'])).toBeUndefined();
  });

  test('follows its folder, and ends with it, with its time, when it is taken back and while its member is suspended', async () => {
    const grantId = await give(['photos', 'summer'], ['read', 'write'], 1000);
    const moved = { fileId: summer, fromParentId: photos, fromName: 'summer', toParentId: ROOT_FILE_ID, toName: 'hot' };
    await record({ type: 'EntryMoved', ...moved, replacedFileId: undefined });
    expect(await covers('/hot/a', 'write')).toBe(true);
    expect(await covers('/photos/summer', 'write')).toBe(false);
    expect(await covers('/hot', 'read', NOW_MS + 999)).toBe(true);
    expect(await covers('/hot', 'read', NOW_MS + 1000)).toBe(false);
    await record({ type: 'MemberSuspended', memberId: BOB, epoch: 0, sequence: 0, note: '' });
    expect(await covers('/hot', 'read')).toBe(false);
    await record({ type: 'MemberReinstated', memberId: BOB });
    expect(await covers('/hot', 'read')).toBe(true);
    await world.decide((views) => decideWithdrawGrant(grantId, views));
    expect(await covers('/hot', 'read')).toBe(false);
    const again = await world.host.run((views) => decideWithdrawGrant(grantId, views));
    expect(again.ok ? undefined : again.error.code).toBe('NOT_FOUND');
  });

  test('is refused for what is no folder, who is no member, no rights, odd times, and where there is such a one', async () => {
    await record({ type: 'FileCreated', parentId: photos, name: 'a.jpg', mode: 0o644, modified: time });
    expect(await refusal({ names: ['photos', 'a.jpg'] })).toBe('NOT_A_DIRECTORY');
    expect(await refusal({ names: ['nowhere'] })).toBe('NOT_FOUND');
    expect(await refusal({ memberId: memberId('stranger') })).toBe('PERMISSION_DENIED');
    expect(await refusal({ rights: [] })).toBe('REQUEST_INVALID');
    for (const lifeMs of [-1, 0.5, Number.NaN, 2 ** 53]) expect(await refusal({ lifeMs })).toBe('REQUEST_INVALID');
    await give(['photos'], ['read'], 1000);
    expect(await refusal({ lifeMs: 500 })).toBe('ALREADY_EXISTS');
    expect(await refusal({ lifeMs: 2000 })).toBeUndefined();
    expect(await refusal({ rights: ['read', 'write'] })).toBeUndefined();
    await record({ type: 'MemberRemoved', memberId: BOB, epoch: 0, sequence: 0, note: '' });
    expect(await refusal({})).toBe('PERMISSION_DENIED');
  });

  test('given again for longer or with more rights takes the place of what it includes, and of nothing else', async () => {
    const first = await give(['photos'], ['read'], 1000);
    const inside = await give(['photos', 'summer'], ['read'], 1000);
    const longer = await give(['photos'], ['read'], 2000);
    const ids = async (): Promise<readonly GrantId[]> =>
      (await world.host.run((views) => views.grants.ofMember(BOB))).map(([id]) => id);
    expect(await ids()).toEqual([inside, longer]);
    expect(await ids()).not.toContain(first);
    const toWrite = await give(['photos'], ['write']);
    expect(await ids()).toEqual([inside, longer, toWrite]);
    const both = await give(['photos'], ['read', 'write']);
    expect(await ids()).toEqual([inside, both]);
    expect(await covers('/photos', 'write', NOW_MS + 5000)).toBe(true);
    expect(await refusal({ lifeMs: 500 })).toBe('ALREADY_EXISTS');
  });

  test('shows the ways to its folder, and nothing else on them', async () => {
    await give(['photos', 'summer'], ['read']);
    const seen = await scope();
    expect(seen.waysThrough([])).toEqual(['photos']);
    expect(seen.waysThrough(['photos'])).toEqual(['summer']);
    expect(seen.waysThrough(['secret'])).toEqual([]);
    expect([[], ['photos'], ['photos', 'summer'], ['secret'], ['photos', 'winter']].map((names) => seen.leadsOn(names))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('what may be recorded', () => {
  const allowed = (...events: CollectiveEvent[]): Promise<boolean> =>
    world.host.run((views) => {
      const nextPosition = { epoch: 1, sequence: 1000 };
      return new GrantScope(BOB, views, NOW_MS).allows(events, { nextPosition }).ok;
    });
  const made = (parentId: FileId): CollectiveEvent => ({
    type: 'DirectoryCreated',
    parentId,
    name: 'x',
    mode: 0o755,
    modified: time,
  });
  const moved = (fromParentId: FileId, toParentId: FileId): CollectiveEvent => {
    const names = { fromName: 'a', toName: 'b', replacedFileId: undefined };
    return { type: 'EntryMoved', fileId: summer, fromParentId, toParentId, ...names };
  };

  test('lies below a folder that may be written, at every end, also what was made in the same decision', async () => {
    await give(['photos'], ['write']);
    expect(await allowed(made(photos))).toBe(true);
    expect(await allowed(made(summer), made(fileIdAt({ epoch: 1, sequence: 1000 })))).toBe(true);
    expect(await allowed(made(fileIdAt({ epoch: 1, sequence: 1001 })))).toBe(false);
    expect(await allowed(made(ROOT_FILE_ID))).toBe(false);
    expect(await allowed(made(secret), made(photos))).toBe(false);
    expect(await allowed(moved(photos, summer))).toBe(true);
    expect(await allowed(moved(photos, secret))).toBe(false);
    expect(await allowed(moved(secret, photos))).toBe(false);
    expect(await allowed({ type: 'EntryRemoved', parentId: ROOT_FILE_ID, name: 'photos', fileId: photos })).toBe(false);
  });

  test('is nothing for who may only read, and nothing but files for anybody', async () => {
    await give(['photos'], ['read']);
    expect(await allowed(made(photos))).toBe(false);
    expect(await allowed({ type: 'UploadCompleted', uploadId: uploadId('u') })).toBe(false);
    await give(['photos'], ['write']);
    expect(await allowed({ type: 'UploadCompleted', uploadId: uploadId('u') })).toBe(true);
    expect(await allowed({ type: 'MemberReinstated', memberId: BOB })).toBe(false);
    const granting = { type: 'GrantGiven', directoryId: photos, memberId: BOB, rights: ['read'], untilMs: 0 } as const;
    expect(await allowed(granting)).toBe(false);
    expect(await allowed({ type: 'EntriesPurged', reason: 'asked', fileIds: [summer] })).toBe(false);
  });
});

test('a path is covered exactly where a folder on it, or it itself, was granted', async () => {
  const depths = 4;
  const chain: FileId[] = [ROOT_FILE_ID];
  for (let depth = 0; depth < depths; depth += 1) chain.push(await folder(chain[depth] ?? ROOT_FILE_ID, `d${depth}`));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: depths }), fc.integer({ min: 0, max: depths + 2 }), async (granted, asked) => {
      const all = Array.from({ length: depths + 2 }, (_, depth) => `d${depth}`);
      const grantId = await give(all.slice(0, granted), ['read']);
      expect(await covers(`/${all.slice(0, asked).join('/')}`, 'read')).toBe(asked >= granted);
      await world.decide((views) => decideWithdrawGrant(grantId, views));
    }),
    { numRuns: 30 },
  );
});
