import fc from 'fast-check';
import {
  LIMITS,
  toBase32,
  toHex,
  type ChunkId,
  type ClientId,
  type ExtentListId,
  type FileId,
  type GrantId,
  type InviteId,
  type MemberId,
  type NodeId,
  type RequestId,
  type UploadId,
} from '../../src/base/index.js';
import type { Actor, CollectiveEvent, EventDraft, Extent, FileTime, GrantRight, Spread } from '../../src/events/index.js';
import { createSigner, keyPairFromSeed, memberIdOf } from '../../src/identity/index.js';
import type { Signer } from '../../src/ports/index.js';
import { NodeHasher } from '../../src/runtime/index.js';

export const hasher = new NodeHasher();

const signers = new Map<number, Signer>();

/** A signer with the same key for the same number. */
export function signerOf(seed: number): Signer {
  const signer = signers.get(seed) ?? createSigner(keyPairFromSeed(new Uint8Array(32).fill(seed), hasher));
  signers.set(seed, signer);
  return signer;
}

export const originOf = (seed: number): MemberId => memberIdOf(signerOf(seed).publicKey, hasher);

export const draftOf = (event: CollectiveEvent, actor: Actor = 'coordinator'): EventDraft => ({
  event,
  actor,
  request: undefined,
  cause: undefined,
});

const base32 = <Id extends string>(bytes: number): fc.Arbitrary<Id> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((raw) => toBase32(raw) as Id);

export const nodeId = base32<NodeId>(10);
export const clientId = base32<ClientId>(10);
export const uploadId = base32<UploadId>(16);
export const inviteId = base32<InviteId>(16);
export const memberId = base32<MemberId>(32);
export const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
export const chunkId = digest.map((raw) => `01${toHex(raw)}` as ChunkId);
export const extentListId = digest.map((raw) => toHex(raw) as ExtentListId);
export const fileId = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 1e12 }))
  .map(([epoch, sequence]) => `${epoch}-${sequence}` as FileId);
export const grantId = fileId.map((id) => id as string as GrantId);
export const requestId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map((text) => text as RequestId);

const timeMs = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const position = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const logKey = fc.uint8Array({ minLength: 44, maxLength: 44 });
const mode = fc.nat({ max: 0o7777 });
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: 1, maxLength });
const label = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => Buffer.byteLength(text) <= 64);
const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..' && Buffer.byteLength(text) <= 255);
const fileTime: fc.Arbitrary<FileTime> = fc.record({
  seconds: fc.integer({ min: -LIMITS.fileTimeSeconds, max: LIMITS.fileTimeSeconds }),
  nanoseconds: fc.nat({ max: 999_999_999 }),
});
const endpoints = fc.array(fc.domain(), { maxLength: 4 });

/** Ordered and adjacent, from `start` on. */
export const extentsFrom = (start: number, maxLength: number): fc.Arbitrary<readonly Extent[]> =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 4 * 1024 * 1024 }), fc.option(chunkId, { nil: undefined })), {
      minLength: 1,
      maxLength,
    })
    .map((parts) => {
      let offsetBytes = start;
      return parts.map(([lengthBytes, chunk]) => {
        const extent = { offsetBytes, lengthBytes, chunkId: chunk };
        offsetBytes += lengthBytes;
        return extent;
      });
    });

const sizeOf = (extents: readonly Extent[]): number => extents.reduce((total, { lengthBytes }) => total + lengthBytes, 0);

type EventOf<Type extends CollectiveEvent['type']> = Extract<CollectiveEvent, { readonly type: Type }>;
type Fields<Type extends CollectiveEvent['type']> = {
  readonly [Name in keyof Omit<EventOf<Type>, 'type'>]-?: fc.Arbitrary<EventOf<Type>[Name]>;
};

const made = <Type extends CollectiveEvent['type']>(type: Type, fields: Fields<Type>): fc.Arbitrary<CollectiveEvent> => {
  const all: { readonly [name: string]: fc.Arbitrary<unknown> } = { type: fc.constant(type), ...fields };
  return fc.record(all).map((event) => event as { readonly type: unknown } as CollectiveEvent);
};

const copiedChunks = (holders: number) =>
  fc.array(
    fc.record({
      chunkId,
      lengthBytes: fc.integer({ min: 1, max: 4 * 1024 * 1024 }),
      holders: fc.uniqueArray(fc.nat({ max: holders - 1 }), { minLength: 1 }),
    }),
    { minLength: 1, maxLength: 8 },
  );

const copies = fc
  .tuple(fc.uniqueArray(nodeId, { maxLength: 6 }), fc.uniqueArray(memberId, { maxLength: 3 }))
  .filter(([nodeIds, memberIds]) => nodeIds.length + memberIds.length > 0)
  .chain(([nodeIds, memberIds]) =>
    copiedChunks(nodeIds.length + memberIds.length).map(
      (chunks): CollectiveEvent => ({ type: 'CopiesRecorded', nodeIds, memberIds, chunks }),
    ),
  );

const chunkIds = fc.array(chunkId, { minLength: 1, maxLength: 8 });
const copiesOrNone = fc
  .tuple(fc.integer({ min: 1, max: 16 }), fc.boolean())
  .map(([copies, none]) => (none ? { copies: 0, minimumCopies: 0 } : { copies, minimumCopies: Math.ceil(copies / 2) }));
const spread = fc.constantFrom<Spread[]>('nodes', 'members');

const memberFacts = {
  memberId,
  name: label,
  identityPublicKey: logKey,
  caCertificate: bytes(400),
  caEndorsement: bytes(200),
  endpoints,
  inviteId: fc.oneof(fc.constant('' as const), inviteId),
  introducedBy: fc.oneof(fc.constant('' as const), memberId),
};
const stopped = {
  memberId,
  note: label,
};
const stoppedAt = fc.oneof(fc.constant({ epoch: 0, sequence: 0 }), fc.record({ epoch: position, sequence: position }));

const commitFields = {
  fileId,
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  uploadId,
  mode,
  modified: fileTime,
  contentType: fc.constantFrom('', 'image/jpeg'),
  openSessionId: fc.constantFrom('', 'session-1'),
};

const issued = fc.record({
  fingerprint: digest,
  name: label,
  publicKeyHash: digest,
  publicKey: bytes(60),
  notBeforeMs: timeMs,
  notAfterMs: timeMs,
});

/** Every type of event, with any values that it allows. */
export const eventArbitraries: { readonly [Type in CollectiveEvent['type']]: fc.Arbitrary<CollectiveEvent> } = {
  CollectiveFounded: made('CollectiveFounded', {
    memberId,
    name: label,
    identityPublicKey: fc.uint8Array({ minLength: 44, maxLength: 44 }),
    caCertificate: bytes(400),
    caEndorsement: bytes(200),
    logPublicKey: fc.uint8Array({ minLength: 44, maxLength: 44 }),
    logKeyEndorsement: bytes(200),
  }),
  CoordinatorEndpointsChanged: made('CoordinatorEndpointsChanged', { home: endpoints, enrolment: endpoints, peer: endpoints }),
  LogKeyRotated: made('LogKeyRotated', { logPublicKey: logKey, logKeyEndorsement: bytes(200) }),
  MemberCaRotated: made('MemberCaRotated', { caCertificate: bytes(400), caEndorsement: bytes(200), previousUntilMs: timeMs }),
  EpochStarted: fc
    .tuple(
      fc.record({ cutSequence: position, cutHash: digest, logPublicKey: logKey, logKeyEndorsement: bytes(200), reason: label }),
      fc.nat(99),
    )
    .map(
      ([fields, before]): CollectiveEvent => ({ type: 'EpochStarted', epoch: before + 2, previousEpoch: before + 1, ...fields }),
    ),
  WitnessesChanged: fc
    .tuple(fc.uniqueArray(nodeId, { maxLength: 4 }), fc.uniqueArray(memberId, { maxLength: 4 }))
    .map(([witnesses, members]): CollectiveEvent => {
      const required = Math.ceil((witnesses.length + members.length) / 2);
      return { type: 'WitnessesChanged', witnesses, members, required };
    }),
  CertificateIssued: fc
    .tuple(issued, fc.oneof(fc.constant(['coordinator', ''] as const), fc.tuple(fc.constantFrom('node', 'client'), nodeId)))
    .map(([fields, [role, subjectId]]): CollectiveEvent => ({ type: 'CertificateIssued', ...fields, role, subjectId })),
  CertificateRevoked: made('CertificateRevoked', { role: fc.constantFrom('node', 'client'), subjectId: nodeId, note: label }),
  InviteIssued: made('InviteIssued', {
    inviteId,
    kind: fc.constantFrom('node', 'client', 'member'),
    name: label,
    secretHash: digest,
    expiresAtMs: timeMs,
    approved: fc.boolean(),
  }),
  InviteRedeemed: made('InviteRedeemed', { inviteId, fingerprint: digest }),
  InviteRevoked: made('InviteRevoked', { inviteId, reason: fc.constantFrom('wrong-tries', 'withdrawn') }),
  NodeRegistered: made('NodeRegistered', { nodeId, name: label }),
  NodeEndpointsChanged: made('NodeEndpointsChanged', { nodeId, endpoints, failureDomain: label }),
  NodeCapacityChanged: made('NodeCapacityChanged', {
    nodeId,
    capacityBytes: timeMs,
    fullnessPercent: fc.constantFrom(0, 80, 90, 95),
  }),
  NodeBecameUnreachable: made('NodeBecameUnreachable', { nodeId, lastSeenMs: timeMs }),
  NodeRecovered: made('NodeRecovered', { nodeId }),
  NodeDecommissioned: made('NodeDecommissioned', { nodeId }),
  UploadOpened: made('UploadOpened', {
    uploadId,
    clientId,
    copies: fc.integer({ min: 8, max: 16 }),
    expiresAtMs: timeMs,
    minimumCopies: fc.integer({ min: 0, max: 8 }),
    spread: fc.constantFrom('nodes', 'members'),
  }),
  UploadCompleted: made('UploadCompleted', { uploadId }),
  UploadAbandoned: made('UploadAbandoned', { uploadId, reason: fc.constantFrom('client', 'expired') }),
  ExtentsRecorded: made('ExtentsRecorded', { uploadId, extentListId, extents: extentsFrom(1000, 20) }),
  CopiesRecorded: copies,
  CopiesLost: made('CopiesLost', {
    holder: fc.oneof(fc.record({ nodeId }), fc.record({ memberId })),
    reason: fc.constantFrom('damaged', 'missing', 'released', 'forfeited'),
    chunkIds: fc.array(chunkId, { minLength: 1, maxLength: 8 }),
  }),
  DirectoryCreated: made('DirectoryCreated', { parentId: fileId, name, mode, modified: fileTime }),
  FileCreated: made('FileCreated', { parentId: fileId, name, mode, modified: fileTime }),
  SymlinkCreated: made('SymlinkCreated', { parentId: fileId, name, target: name, modified: fileTime }),
  FileCommitted: fc.oneof(
    fc.tuple(fc.record(commitFields), fc.option(extentsFrom(0, 12), { nil: [] })).map(
      ([fields, extents]): CollectiveEvent => ({
        type: 'FileCommitted',
        ...fields,
        sizeBytes: sizeOf(extents),
        extentListIds: [],
        extents,
      }),
    ),
    fc
      .tuple(fc.record(commitFields), fc.integer({ min: 1, max: 1e12 }), fc.array(extentListId, { minLength: 1, maxLength: 9 }))
      .map(
        ([fields, sizeBytes, extentListIds]): CollectiveEvent => ({
          type: 'FileCommitted',
          ...fields,
          sizeBytes,
          extentListIds,
          extents: [],
        }),
      ),
  ),
  EntryMoved: made('EntryMoved', {
    fileId,
    fromParentId: fileId,
    fromName: name,
    toParentId: fileId,
    toName: name,
    replacedFileId: fc.option(fileId, { nil: undefined }),
  }),
  EntryRemoved: made('EntryRemoved', { parentId: fileId, name, fileId }),
  EntryLinked: made('EntryLinked', { fileId, parentId: fileId, name }),
  VersionsPurged: made('VersionsPurged', {
    reason: fc.constantFrom('asked' as const, 'retention' as const),
    versions: fc.array(fc.record({ fileId, version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) }), {
      minLength: 1,
      maxLength: 8,
    }),
  }),
  EntriesPurged: made('EntriesPurged', {
    reason: fc.constantFrom('asked' as const, 'retention' as const),
    fileIds: fc.array(fileId, { minLength: 1, maxLength: 8 }),
  }),
  MemberApplied: made('MemberApplied', memberFacts),
  MemberAdmitted: made('MemberAdmitted', memberFacts),
  MemberRefused: made('MemberRefused', { memberId, note: label }),
  MemberRenamed: made('MemberRenamed', { memberId, name: label }),
  MemberSuspended: fc
    .tuple(fc.record(stopped), stoppedAt)
    .map(([fields, at]): CollectiveEvent => ({ type: 'MemberSuspended', ...fields, ...at })),
  MemberReinstated: made('MemberReinstated', { memberId }),
  MemberRemoved: fc
    .tuple(fc.record(stopped), stoppedAt)
    .map(([fields, at]): CollectiveEvent => ({ type: 'MemberRemoved', ...fields, ...at })),
  LogForkDetected: made('LogForkDetected', {
    origin: memberId,
    epoch: position,
    sequence: position,
    heldHash: digest,
    otherHash: digest,
    toldBy: fc.oneof(fc.constant('' as const), memberId),
  }),
  GrantGiven: made('GrantGiven', {
    directoryId: fileId,
    memberId,
    rights: fc.constantFrom<GrantRight[][]>(['read'], ['write'], ['read', 'write']),
    untilMs: timeMs,
  }),
  GrantWithdrawn: made('GrantWithdrawn', { grantId }),
  PledgeChanged: made('PledgeChanged', { memberId, bytes: timeMs }),
  PolicySet: fc
    .tuple(fc.record({ directoryId: fileId, spread }), copiesOrNone)
    .map(([fields, wanted]): CollectiveEvent => ({ type: 'PolicySet', ...fields, ...wanted })),
  ForeignCopiesAccepted: fc
    .tuple(fc.record({ origin: memberId, uploadId }), fc.uniqueArray(nodeId, { minLength: 1, maxLength: 6 }))
    .chain(([fields, nodeIds]) =>
      copiedChunks(nodeIds.length).map(
        (chunks): CollectiveEvent => ({ type: 'ForeignCopiesAccepted', ...fields, nodeIds, chunks }),
      ),
    ),
  ForeignCopiesMoved: fc
    .tuple(fc.record({ origin: memberId, chunkIds }), fc.uniqueArray(nodeId, { minLength: 2, maxLength: 2 }))
    .map(
      ([fields, [fromNodeId, toNodeId]]): CollectiveEvent => ({
        type: 'ForeignCopiesMoved',
        ...fields,
        fromNodeId: fromNodeId as NodeId,
        toNodeId: toNodeId as NodeId,
      }),
    ),
  ForeignCopiesReleased: made('ForeignCopiesReleased', { origin: memberId, chunkIds }),
  ForeignCopiesLost: made('ForeignCopiesLost', {
    origin: memberId,
    nodeId,
    reason: fc.constantFrom('damaged', 'missing', 'forfeited'),
    chunkIds,
  }),
  AttributesChanged: made('AttributesChanged', {
    fileId,
    mode: fc.option(mode, { nil: undefined }),
    modified: fc.option(fileTime, { nil: undefined }),
  }),
};

export const anyEvent: fc.Arbitrary<CollectiveEvent> = fc.oneof(...Object.values(eventArbitraries));

const anyActor: fc.Arbitrary<Actor> = fc.oneof(
  fc.constant<Actor>('coordinator'),
  nodeId.map((id): Actor => `node/${id}`),
  clientId.map((id): Actor => `client/${id}`),
  memberId.map((id): Actor => `member/${id}/coordinator`),
  fc.tuple(memberId, clientId).map(([member, client]): Actor => `member/${member}/client/${client}`),
);
export const anyDraft: fc.Arbitrary<EventDraft> = fc.record({
  event: anyEvent,
  actor: anyActor,
  request: fc.option(fc.record({ id: requestId, commandHash: fc.uint8Array({ minLength: 16, maxLength: 16 }) }), {
    nil: undefined,
  }),
  cause: fc.option(fc.record({ origin: memberId, epoch: position, sequence: position }), { nil: undefined }),
});
