import { cp, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { logsDirectoryOf } from '../../../src/coordinator/open-member.js';
import { openForeignLogs } from '../../../src/coordinator/peers/peers-part.js';
import type { FileHandle } from '../../../src/ports/index.js';
import { NodeFileSystem } from '../../../src/runtime/index.js';
import { type PeerMember, removeTemplates } from '../../support/peers/peer-member.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';

let world: PeerWorld | undefined;

afterEach(async () => {
  await world?.remove();
  world = undefined;
});

afterAll(removeTemplates);

async function two(): Promise<readonly [PeerMember, PeerMember]> {
  world = await PeerWorld.of(['alice', 'bob']);
  await world.startAll();
  const [alice, bob] = world.members;
  if (alice === undefined || bob === undefined) throw new Error('there are two');
  await eventually(() => hasAll(alice, bob) && hasAll(bob, alice));
  return [alice, bob];
}

const codes = (member: PeerMember): readonly string[] => member.running.part.office.findings().map(({ code }) => code);

const IN_FIRST_BLOCK = 300;

/** Turns one bit around in the first block of what a member holds of another's log. */
async function damageCopy(holder: PeerMember, of: PeerMember): Promise<void> {
  const folder = join(logsDirectoryOf(holder.directory), of.id);
  const [segment] = (await readdir(folder)).filter((name) => name.endsWith('.segment')).toSorted();
  const file = await open(join(folder, segment ?? 'there is no segment'), 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, IN_FIRST_BLOCK);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, IN_FIRST_BLOCK);
  } finally {
    await file.close();
  }
}

/** Knows how many files are open. */
class CountingFileSystem extends NodeFileSystem {
  opened = 0;

  override async open(...args: Parameters<NodeFileSystem['open']>): Promise<FileHandle> {
    const handle = await super.open(...args);
    this.opened += 1;
    return {
      read: (buffer, position) => handle.read(buffer, position),
      write: (bytes, position) => handle.write(bytes, position),
      sync: () => handle.sync(),
      truncate: (length) => handle.truncate(length),
      size: () => handle.size(),
      close: async () => {
        this.opened -= 1;
        await handle.close();
      },
    };
  }
}

describe('the copy of another member’s log', () => {
  it('that is found damaged while its views read it is put aside and fetched anew', async () => {
    const [alice, bob] = await two();
    const before = bob.running.foreign.get(alice.id);
    await damageCopy(bob, alice);
    before?.rebuildViews();
    await eventually(() => bob.running.foreign.get(alice.id) !== before && codes(bob).includes('peer-log-damaged'));
    await eventually(() => hasAll(bob, alice));
    await bob.running.foreign.get(alice.id)?.settled();
    expect(codes(bob)).toEqual(['peer-log-damaged']);
    expect(await readdir(logsDirectoryOf(bob.directory))).toContain(`${alice.id}.aside-1`);
    expect(bob.running.member.views.stateNow(alice.id)?.views).toEqual(alice.running.member.views.stateNow(alice.id)?.views);
    await alice.running.record({ type: 'MemberRenamed', memberId: bob.id, name: 'robert' });
    await eventually(() => hasAll(bob, alice));
    expect(await bob.running.member.views.run(({ peers }) => peers.get(bob.id)?.name, alice.id)).toBe('robert');
  });

  it('is closed again where another one cannot be opened', async () => {
    const [alice, bob] = await two();
    const { log, views } = bob.running.member;
    const logsDirectory = join(bob.directory, 'other-logs');
    await cp(join(logsDirectoryOf(bob.directory), alice.id), join(logsDirectory, alice.id), { recursive: true });
    const fileSystem = new CountingFileSystem();
    const options = { logsDirectory, own: log.origin, views, ports: { ...bob.ports, fileSystem } };
    const opened = await openForeignLogs(options);
    expect(fileSystem.opened).toBeGreaterThan(0);
    await opened.close();
    await writeFile(join(logsDirectory, 'z'.repeat(52)), 'this is no folder');
    await expect(openForeignLogs(options)).rejects.toMatchObject({ code: 'IO_FAILED' });
    expect(fileSystem.opened).toBe(0);
  });
});
