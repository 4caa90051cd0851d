import {
  type ChunkId,
  type CollectiveError,
  isChunkId,
  isMemberId,
  LIMITS,
  type MemberId,
  toCollectiveError,
  type UploadId,
} from '../../base/index.js';
import type { ReceiptedChunk, ReceiptedChunks } from '../../domain/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { Receipt } from '../../transport/index.js';
import type { ReceiptCheck } from '../files/receipt-check.js';
import type { MemberCalls } from './member-calls.js';

export interface MemberReceiptsOptions {
  readonly views: ViewHost;
  readonly receipts: ReceiptCheck;
  readonly calls: MemberCalls;
}

/** Who brings receipts. */
export interface Bearer {
  readonly keyHash: Uint8Array;
  /** A client of another member: see PutTicket.sentOnly. */
  readonly sentOnly: boolean;
}

export interface Opened {
  readonly receipted: ReceiptedChunks;
  /** Of a member that would not or could not take the receipts of its nodes: its copies do not count. */
  readonly failure: CollectiveError | undefined;
}

/**
 * Finds out what receipts prove: those of own nodes are verified here; those of another member's nodes are taken to that member,
 * who verifies them and answers once the copies are durably on its record.
 */
export class MemberReceipts {
  readonly #options: MemberReceiptsOptions;

  constructor(options: MemberReceiptsOptions) {
    this.#options = options;
  }

  /** Errors: RECEIPT_INVALID, LIMIT_EXCEEDED, REQUEST_INVALID. */
  async open(receipts: readonly Receipt[], uploadId: UploadId, bearer: Bearer, signal: AbortSignal): Promise<Opened> {
    const { keyHash, sentOnly } = bearer;
    const byMember = new Map<MemberId, Receipt[]>();
    for (const receipt of receipts) {
      const { memberId = '' } = receipt;
      if (isMemberId(memberId)) byMember.set(memberId, [...(byMember.get(memberId) ?? []), receipt]);
    }
    const own = receipts.filter(({ memberId = '' }) => memberId === '');
    const byOwn = await this.#options.receipts.open(own, uploadId, { keyHash });
    // Elsewhere nobody has asked a member to keep anything.
    if (byMember.size === 0 || !(await this.#spreads(uploadId))) return { receipted: byOwn, failure: undefined };
    const answers = await Promise.all(
      [...byMember].map(async ([memberId, list]) => this.#accepted(memberId, list, uploadId, bearer, signal)),
    );
    const found = new Map<ChunkId, ReceiptedChunk>(byOwn);
    for (const { memberId, chunks } of answers) {
      for (const [chunkId, lengthBytes] of chunks) {
        const known = found.get(chunkId) ?? { lengthBytes, nodeIds: new Set() };
        found.set(chunkId, { ...known, memberIds: new Set([...(known.memberIds ?? []), memberId]) });
      }
    }
    const failure = answers.find((answer) => answer.failure !== undefined)?.failure;
    return { receipted: sentOnly ? await this.#sent(found) : found, failure };
  }

  /** Whether the upload is to be spread over members. */
  #spreads(uploadId: UploadId): Promise<boolean> {
    return this.#options.views.run(({ uploads }) => uploads.get(uploadId)?.spread === 'members');
  }

  async #accepted(
    memberId: MemberId,
    receipts: readonly Receipt[],
    uploadId: UploadId,
    { keyHash, sentOnly }: Bearer,
    signal: AbortSignal,
  ): Promise<{
    readonly memberId: MemberId;
    readonly chunks: ReadonlyMap<ChunkId, number>;
    readonly failure: CollectiveError | undefined;
  }> {
    const chunks = new Map<ChunkId, number>();
    for (const receipt of receipts) {
      for (const { chunkId, lengthBytes } of receipt.chunks) if (isChunkId(chunkId)) chunks.set(chunkId, lengthBytes);
    }
    const missing = await this.#notOnRecord(memberId, chunks);
    // That it keeps a chunk says nothing of who brings the receipt: whether that one sent it, it says each time.
    const isNews = ({ chunks: listed }: Receipt): boolean => sentOnly || listed.some(({ chunkId }) => missing.has(chunkId));
    const news = receipts.filter(isNews);
    try {
      if (news.length > 0) {
        await this.#options.calls.call(memberId, LIMITS.memberAcceptMs, signal, (client, options) =>
          client.acceptCopies({ uploadId, clientKeyHash: keyHash, receipts: news }, options),
        );
      }
      return { memberId, chunks, failure: undefined };
    } catch (error) {
      if (signal.aborted) throw error;
      const held = new Map([...chunks].filter(([chunkId]) => !sentOnly && !missing.has(chunkId)));
      return { memberId, chunks: held, failure: toCollectiveError(error) };
    }
  }

  /**
   * A member and its own client may say together that it has what it has not: who is on record as a holder gets the bytes, counts as a
   * copy when somebody stores them later, and who made a file of them reads it. So the word of members counts for chunks that they have
   * by the own record, and for all where an own node says that the bytes were sent.
   */
  #sent(found: ReceiptedChunks): Promise<ReceiptedChunks> {
    return this.#options.views.run(({ placement }) => {
      placement.need(found.keys());
      return new Map(
        [...found].map(([chunkId, receipt]) => {
          if (receipt.nodeIds.size > 0) return [chunkId, receipt] as const;
          const { members = [] } = placement.chunk(chunkId) ?? {};
          const memberIds = new Set([...(receipt.memberIds ?? [])].filter((id) => members.includes(id)));
          return [chunkId, { ...receipt, memberIds }] as const;
        }),
      );
    });
  }

  /** Of what is on the own record as kept by that member, it has said so before. */
  #notOnRecord(memberId: MemberId, chunks: ReadonlyMap<ChunkId, number>): Promise<ReadonlySet<string>> {
    return this.#options.views.run(({ placement }) => {
      placement.need(chunks.keys());
      return new Set([...chunks.keys()].filter((id) => placement.chunk(id)?.members.includes(memberId) !== true));
    });
  }
}
