import { expect } from 'vitest';
import { toHex, type NodeId } from '../../src/base/index.js';
import {
  createLog,
  type CollectiveEvent,
  type EventLog,
  type LogCopyOptions,
  type LogOptions,
  type LogReader,
  type LogVerification,
  type StoredBlock,
} from '../../src/events/index.js';
import { endorse } from '../../src/identity/index.js';
import type { Clock, FileSystem, Signer } from '../../src/ports/index.js';
import { NodeSignatureVerifier } from '../../src/runtime/index.js';
import { SeededRandom } from '../simulation/ports/index.js';
import { draftOf, hasher, originOf, signerOf } from './events.js';

/** The smallest segments that are allowed, so that a few blocks fill one. */
export const SMALL_SEGMENTS = { segmentBytes: 64 + 8 + 256 * 1024, segmentStepBytes: 32 * 1024 };

/** A clock that stands still unless it is set. */
export class StillClock implements Clock {
  ms = 1_700_000_000_000;

  nowMs(): number {
    return this.ms;
  }

  monotonicMs(): number {
    return this.ms;
  }
}

export function logOptions(fileSystem: FileSystem, root: string, changes: Partial<LogOptions> = {}): LogOptions {
  return {
    fileSystem,
    directory: `${root}/log`,
    origin: originOf(1),
    clock: new StillClock(),
    random: new SeededRandom(1),
    hasher,
    signer: signerOf(1),
    verifier: new NodeSignatureVerifier(),
    ...SMALL_SEGMENTS,
    ...changes,
  };
}

const NODE = 'a'.repeat(16) as NodeId;
export const smallEvent = (name: string): CollectiveEvent => ({ type: 'NodeRegistered', nodeId: NODE, name });
/** About 8 KiB, and cheap to make. */
export const largeEvent: CollectiveEvent = {
  type: 'MemberCaRotated',
  caCertificate: new Uint8Array(8192).fill(2),
  caEndorsement: new Uint8Array(162).fill(3),
  previousUntilMs: 0,
};

/** About 82 KiB: three of it fill a small segment. */
export const largeBlock: readonly CollectiveEvent[] = Array.from({ length: 10 }, () => largeEvent);

/** One block of these events. */
export function commitBlock(log: EventLog, events: readonly CollectiveEvent[]): Promise<StoredBlock> {
  const builder = log.begin();
  for (const event of events) builder.add(draftOf(event));
  return builder.commit();
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export const readAll = (log: Pick<LogReader, 'read'>): Promise<StoredBlock[]> => collect(log.read({ fromSequence: 1 }));

/** Blocks as short texts to compare. */
export const namesOf = (blocks: readonly StoredBlock[]): readonly string[] =>
  blocks.map(({ header, headerHash }) => `${header.firstSequence}+${header.count}:${toHex(headerHash).slice(0, 16)}`);

export async function damagesOf(verification: AsyncIterable<LogVerification>): Promise<readonly string[]> {
  const said = await collect(verification);
  expect(said.at(-1)?.kind).toBe('finished');
  return said.flatMap((finding) =>
    finding.kind === 'damage' ? [`${finding.file} @${finding.offset} #${finding.sequence}: ${finding.problem}`] : [],
  );
}

/** Keys of a member whose log key is not its identity key: the identity of `originOf(1)`, and log keys by number. */
export const IDENTITY = signerOf(1);
export const logKey = (number: number): Signer => signerOf(100 + number);

export const endorsed = (signer: Signer, sequence = 1, epoch = 1): Uint8Array =>
  endorse({ memberId: originOf(1), purpose: 'log-key', subject: signer.publicKey, validFrom: { epoch, sequence } }, IDENTITY);

export const founding = (signer: Signer): CollectiveEvent => ({
  type: 'CollectiveFounded',
  memberId: originOf(1),
  name: 'alice',
  identityPublicKey: IDENTITY.publicKey,
  caCertificate: new Uint8Array(300).fill(2),
  caEndorsement: new Uint8Array(162).fill(3),
  logPublicKey: signer.publicKey,
  logKeyEndorsement: endorsed(signer),
});

/** A log as a member has it, with its founding in the first block. */
export async function foundedLog(fileSystem: FileSystem, root: string, changes: Partial<LogOptions> = {}): Promise<EventLog> {
  const log = await createLog(logOptions(fileSystem, root, { signer: logKey(1), ...changes }));
  await commitBlock(log, [founding(logKey(1))]);
  return log;
}

export const bytesOf = (blocks: readonly StoredBlock[]): readonly Uint8Array[] => blocks.map(({ bytes }) => bytes);

/** To compare blocks byte for byte: comparing the bytes themselves takes seconds. */
export const digestsOf = (blocks: readonly (StoredBlock | Uint8Array)[]): readonly string[] =>
  blocks.map((block) => toHex(hasher.sha256(block instanceof Uint8Array ? block : block.bytes)));

export const copyOptions = (fileSystem: FileSystem, root: string): LogCopyOptions => {
  const { hasher: ownHasher, verifier, origin } = logOptions(fileSystem, root);
  return { fileSystem, hasher: ownHasher, verifier, origin, directory: `${root}/copy`, ...SMALL_SEGMENTS };
};
