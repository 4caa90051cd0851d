import type { ClientId, MemberId } from '../../../src/base/index.js';
import { initialiseMember, logDirectoryOf, type MemberMaterial } from '../../../src/coordinator/index.js';
import { type CollectiveEvent, openLog, type StoredBlock } from '../../../src/events/index.js';
import { createSigner, type OwnCredentials } from '../../../src/identity/index.js';
import { SeededRandom, SimClock, SimFileSystem, SimKeyValueStores, SimTime } from '../ports/index.js';
import { hasher, verifier } from '../system/fixture.js';

/** Where everything of a coordinator lies on its disk. */
export const DIRECTORY = '/member';
export const HOME_PORT = 7400;
export const ENROLMENT_PORT = 7401;
export const PEER_PORT = 7422;
export const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace'] as const;

type Founding = Extract<CollectiveEvent, { readonly type: 'CollectiveFounded' }>;

/** A member as it is on the day it was founded: keys, a disk, and a client. Its host has its name. */
export interface FoundedMember {
  readonly name: string;
  readonly memberId: MemberId;
  readonly material: MemberMaterial;
  readonly founding: Founding;
  readonly client: { readonly clientId: ClientId; readonly own: OwnCredentials };
  readonly disk: SimFileSystem;
}

const made = new Map<string, Promise<FoundedMember>>();

/** The same for every seed, and so made once a process: keys and certificates come out of a thread pool, in real time. */
export function foundedMember(name: string): Promise<FoundedMember> {
  const known = made.get(name) ?? found(name);
  made.set(name, known);
  return known;
}

async function found(name: string): Promise<FoundedMember> {
  const random = new SeededRandom(`member ${name}`);
  const clock = new SimClock(new SimTime());
  const disk = new SimFileSystem();
  await disk.makeDirectory(DIRECTORY);
  const ports = { fileSystem: disk, stores: new SimKeyValueStores(), clock, random, hasher, verifier };
  const { material, firstClient } = await initialiseMember({
    directory: DIRECTORY,
    name,
    clientName: `client of ${name}`,
    passphrase: 'correct horse battery',
    homeEndpoints: [`${name}:${HOME_PORT}`],
    enrolmentEndpoints: [`${name}:${ENROLMENT_PORT}`],
    files: { readSecret: nothing, readPublic: nothing, write: () => Promise.resolve() },
    ports,
  });
  const { memberId, ca } = material;
  const { clientId, leaf, keys } = firstClient;
  const founding = await foundingEvent(disk, material);
  const own = { memberId, ca, leaf, privateKeyPem: keys.privateKeyPem };
  return { name, memberId, material, founding, client: { clientId, own }, disk: disk.copy('everything') };
}

const nothing = (): Promise<string> => Promise.reject(new Error('nothing is read back'));

function openOwnLog(disk: SimFileSystem, { memberId, logKeys }: MemberMaterial): ReturnType<typeof openLog> {
  const clock = new SimClock(new SimTime());
  const random = new SeededRandom(`events of ${memberId}`);
  const directory = logDirectoryOf(DIRECTORY, memberId);
  return openLog({
    fileSystem: disk,
    clock,
    random,
    hasher,
    verifier,
    directory,
    origin: memberId,
    signer: createSigner(logKeys),
  });
}

async function foundingEvent(disk: SimFileSystem, material: MemberMaterial): Promise<Founding> {
  const log = await openOwnLog(disk, material);
  try {
    for await (const { events } of log.read({ fromSequence: 1, toSequence: 1 })) {
      const first = events[0]?.event;
      if (first?.type === 'CollectiveFounded') return first;
    }
    throw new Error('the log does not begin with a founding');
  } finally {
    await log.close();
  }
}

/** Its disk with these blocks appended, as its own coordinator would. */
export async function diskWith(
  member: FoundedMember,
  blocks: readonly (readonly CollectiveEvent[])[],
  from = member.disk,
): Promise<SimFileSystem> {
  const disk = from.copy('everything');
  const log = await openOwnLog(disk, member.material);
  for (const events of blocks) {
    if (events.length === 0) continue;
    const block = log.begin();
    for (const event of events) block.add({ event, actor: 'coordinator', request: undefined, cause: undefined });
    await block.commit();
  }
  await log.close();
  return disk.copy('everything');
}

/** All of its own log that its disk holds. */
export async function ownBlocks(member: FoundedMember, disk: SimFileSystem): Promise<readonly StoredBlock[]> {
  const log = await openOwnLog(disk.copy('everything'), member.material);
  try {
    const blocks: StoredBlock[] = [];
    for await (const block of log.read({ fromSequence: 1 })) blocks.push(block);
    return blocks;
  } finally {
    await log.close();
  }
}

/** That `other` is a peer from now on, as both had agreed by an invite. */
export function admission({ name, memberId, founding }: FoundedMember, endpoints?: readonly string[]): CollectiveEvent {
  const { identityPublicKey, caCertificate, caEndorsement } = founding;
  return {
    type: 'MemberAdmitted',
    memberId,
    name,
    identityPublicKey,
    caCertificate,
    caEndorsement,
    endpoints: endpoints ?? [`${name}:${PEER_PORT}`],
    inviteId: '',
    introducedBy: '',
  };
}
