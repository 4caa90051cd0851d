import { expect } from 'vitest';
import { toHex, type NodeId } from '../../src/base/index.js';
import type { CollectiveEvent, EventLog, LogOptions, LogReader, LogVerification, StoredBlock } from '../../src/events/index.js';
import type { Clock, FileSystem } from '../../src/ports/index.js';
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
  type: 'CollectiveFounded',
  memberId: originOf(1),
  name: 'large',
  identityPublicKey: new Uint8Array(44).fill(1),
  caCertificate: new Uint8Array(8192).fill(2),
  caEndorsement: new Uint8Array(64).fill(3),
  logPublicKey: new Uint8Array(44).fill(4),
  logKeyEndorsement: new Uint8Array(64).fill(5),
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

export const readAll = (log: LogReader): Promise<StoredBlock[]> => collect(log.read({ fromSequence: 1 }));

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
