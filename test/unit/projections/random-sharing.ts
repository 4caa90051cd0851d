import type { ChunkId, GrantId, MemberId } from '../../../src/base/index.js';
import type { CollectiveEvent, CopiesLost, PolicySet, RecordedEvent } from '../../../src/events/index.js';
import { SeededRandom } from '../../simulation/ports/index.js';
import { NODES, standing, UPLOAD } from './random-log.js';
import { ALICE, Chronicle, chunkId, founded, memberId, openHost, World } from './support.js';

const OTHERS = ['carol', 'dave', 'erin'].map(memberId);
const BYTES = 1000;

export const memberFacts = (id: MemberId, name: string) => ({
  memberId: id,
  name,
  identityPublicKey: new Uint8Array(44).fill(name.length),
  caCertificate: Uint8Array.of(1, 2),
  caEndorsement: Uint8Array.of(3),
  endpoints: [`${name}.example:7422`],
  inviteId: '' as const,
  introducedBy: '' as const,
});

/** A log of events between members and about copies, those that are not valid left out: the same seed, the same log. */
export async function randomSharing(seed: number, count: number, origin: MemberId = ALICE): Promise<readonly RecordedEvent[]> {
  const world = new World(await openHost({ origins: [origin] }), new Chronicle(origin));
  await world.record(founded(origin), ...standing());
  const random = new SeededRandom(seed);
  while (world.chronicle.events.length < count) {
    const event = randomEvent(random, world.chronicle.events.length);
    const recorded = world.chronicle.add([event]);
    const applied = await world.host.apply(recorded);
    if (!applied.ok) world.chronicle.events.length = world.host.position().sequence;
  }
  return world.chronicle.events;
}

function randomEvent(random: SeededRandom, length: number): CollectiveEvent {
  const id = random.pick([OTHERS[0] ?? ALICE, ...OTHERS]);
  const chunks = [...new Set(Array.from({ length: 1 + random.integer(5) }, () => chunkId(`chunk ${random.integer(20)}`)))];
  const node = random.pick(NODES);
  const facts = memberFacts(id, id.slice(0, 5));
  const kinds: readonly [CollectiveEvent, ...CollectiveEvent[]] = [
    { type: 'MemberApplied', ...facts },
    { type: 'MemberAdmitted', ...facts },
    { type: 'MemberAdmitted', ...facts },
    { type: 'MemberRefused', memberId: id, note: 'no' },
    { type: 'MemberRenamed', memberId: id, name: `name ${length}` },
    { type: 'MemberSuspended', memberId: id, epoch: 1, sequence: length, note: '' },
    { type: 'MemberReinstated', memberId: id },
    random.chance(0.2)
      ? { type: 'MemberRemoved', memberId: id, epoch: 0, sequence: 0, note: '' }
      : { type: 'MemberReinstated', memberId: id },
    {
      type: 'LogForkDetected',
      origin: id,
      epoch: 1,
      sequence: 1 + random.integer(9),
      heldHash: new Uint8Array(32).fill(length),
      otherHash: new Uint8Array(32).fill(1),
      toldBy: '',
    },
    { type: 'GrantGiven', directoryId: '1-1' as never, memberId: id, rights: ['read'], untilMs: 0 },
    { type: 'GrantWithdrawn', grantId: `1-${1 + random.integer(length)}` as GrantId },
    { type: 'PledgeChanged', memberId: id, bytes: random.integer(3) * 1000 },
    { type: 'PolicySet', directoryId: '1-1' as never, ...random.pick(POLICIES) },
    ...copyEvents(random, id, chunks),
    { type: 'ForeignCopiesMoved', origin: id, fromNodeId: node, toNodeId: NODES[0], chunkIds: chunks },
    { type: 'ForeignCopiesReleased', origin: id, chunkIds: chunks },
    { type: 'ForeignCopiesLost', origin: id, nodeId: node, reason: 'damaged', chunkIds: chunks },
  ];
  return random.pick(kinds);
}

type PolicyOf = Pick<PolicySet, 'copies' | 'minimumCopies' | 'spread'>;

const POLICIES: readonly [PolicyOf, ...PolicyOf[]] = [
  { copies: 3, minimumCopies: 2, spread: 'members' },
  { copies: 0, minimumCopies: 0, spread: 'nodes' },
];

function copyEvents(random: SeededRandom, id: MemberId, chunkIds: readonly ChunkId[]): readonly CollectiveEvent[] {
  const copied = (holders: number) =>
    chunkIds.map((chunk) => ({ chunkId: chunk, lengthBytes: BYTES, holders: [random.integer(holders)] }));
  const reasons: readonly [CopiesLost['reason'], ...CopiesLost['reason'][]] = ['damaged', 'missing', 'released', 'forfeited'];
  const holder = random.chance(0.5) ? { memberId: id } : { nodeId: random.pick(NODES) };
  return [
    { type: 'CopiesRecorded', nodeIds: NODES, memberIds: [id], chunks: copied(NODES.length + 1) },
    { type: 'CopiesRecorded', nodeIds: [], memberIds: [id], chunks: copied(1) },
    { type: 'CopiesLost', holder, reason: random.pick(reasons), chunkIds },
    {
      type: 'ExtentsRecorded',
      uploadId: UPLOAD,
      extentListId: 'ab'.repeat(32) as never,
      extents: chunkIds.map((chunk, index) => ({ offsetBytes: index * BYTES, lengthBytes: BYTES, chunkId: chunk })),
    },
    { type: 'ForeignCopiesAccepted', origin: id, uploadId: UPLOAD, nodeIds: NODES, chunks: copied(NODES.length) },
  ];
}
