import { type ChunkId, CollectiveError, LIMITS, type MemberId, type NodeId, type UploadId } from '../../base/index.js';

interface Reservation {
  readonly bytes: number;
  nodeId: NodeId;
  expiresAtMs: number;
}

/** What tickets of one day let a member put into own nodes, in times its pledge. */
const PLACED_PER_PLEDGE = 4;

interface Allowed {
  sinceMs: number;
  bytes: number;
}

/**
 * What is on its way to own nodes for other members: set aside in their pledges until it is accepted, or until it expires. In
 * memory: after a restart the decision that accepts copies still holds the pledge.
 */
export class Reservations {
  readonly #byOrigin = new Map<MemberId, Map<string, Reservation>>();
  readonly #allowed = new Map<MemberId, Allowed>();

  /**
   * Whether nodes may be told to take so many bytes more of a member. A ticket names no chunks, and what is put with it and never
   * accepted takes room all the same: so tickets of one day are worth no more than a few times the pledge.
   */
  allow(origin: MemberId, bytes: number, pledgedBytes: number, nowMs: number): boolean {
    const known = this.#allowed.get(origin);
    const allowed = known !== undefined && nowMs - known.sinceMs < LIMITS.uploadLifeMs ? known : { sinceMs: nowMs, bytes: 0 };
    if (allowed.bytes + bytes > PLACED_PER_PLEDGE * pledgedBytes) return false;
    this.#allowed.set(origin, allowed);
    allowed.bytes += bytes;
    return true;
  }

  /** Bytes that are set aside for a member now. */
  bytes(origin: MemberId, nowMs: number): number {
    let bytes = 0;
    for (const reservation of this.#live(origin, nowMs).values()) bytes += reservation.bytes;
    return bytes;
  }

  /** Where a chunk of this upload was sent before: a second try is to find what the first one has stored. */
  nodeOf(origin: MemberId, uploadId: UploadId, chunkId: ChunkId): NodeId | undefined {
    return this.#byOrigin.get(origin)?.get(keyOf(uploadId, chunkId))?.nodeId;
  }

  /** The bytes that a chunk of this upload has set aside already. */
  bytesOf(origin: MemberId, uploadId: UploadId, chunkId: ChunkId): number {
    return this.#byOrigin.get(origin)?.get(keyOf(uploadId, chunkId))?.bytes ?? 0;
  }

  /** Error: LIMIT_EXCEEDED. */
  reserve(
    origin: MemberId,
    uploadId: UploadId,
    chunk: { readonly chunkId: ChunkId; readonly bytes: number; readonly nodeId: NodeId },
    nowMs: number,
  ): void {
    const known = this.#byOrigin.get(origin) ?? new Map<string, Reservation>();
    this.#byOrigin.set(origin, known);
    const key = keyOf(uploadId, chunk.chunkId);
    if (!known.has(key) && known.size >= LIMITS.reservationsPerMember) {
      throw new CollectiveError(
        'LIMIT_EXCEEDED',
        `${LIMITS.reservationsPerMember} chunks of that member are on their way already.`,
        {
          next: 'Try again in a moment.',
        },
      );
    }
    known.set(key, { bytes: chunk.bytes, nodeId: chunk.nodeId, expiresAtMs: nowMs + LIMITS.reservationLifeMs });
  }

  /** They are on record now. */
  settle(origin: MemberId, uploadId: UploadId, chunkIds: Iterable<ChunkId>): void {
    const known = this.#byOrigin.get(origin);
    for (const chunkId of chunkIds) known?.delete(keyOf(uploadId, chunkId));
    if (known?.size === 0) this.#byOrigin.delete(origin);
  }

  #live(origin: MemberId, nowMs: number): ReadonlyMap<string, Reservation> {
    const known = this.#byOrigin.get(origin);
    if (known === undefined) return NONE;
    for (const [key, { expiresAtMs }] of known) if (expiresAtMs <= nowMs) known.delete(key);
    if (known.size === 0) this.#byOrigin.delete(origin);
    return known;
  }
}

const NONE: ReadonlyMap<string, Reservation> = new Map();

const keyOf = (uploadId: UploadId, chunkId: ChunkId): string => `${uploadId} ${chunkId}`;
