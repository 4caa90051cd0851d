import { LIMITS, type MemberId, type NodeId, type UploadId } from '../../base/index.js';
import { chunkListDigest, issueTicket, type ListedChunk } from '../../identity/index.js';
import type { Clock, Hasher, Random, Signer } from '../../ports/index.js';
import type { NodeAccess } from '../../transport/index.js';

const TICKET_ID_BYTES = 16;

/** A right to a node of the own member. */
export type IssuedTicket = Pick<NodeAccess, 'ticket' | 'ticketExpiresMs' | 'memberId' | 'trust'>;

const OWN_NODE = { memberId: '', trust: undefined } as const;

interface TicketOfficeOptions {
  readonly origin: MemberId;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  /** What a node must have heard of the log to take a ticket of now. */
  readonly revocationPosition: () => number;
  /** Who puts by these must send what it puts: see PutTicket. */
  readonly sentOnly?: boolean;
}

/** Makes the short-lived rights with which clients use nodes. */
export class TicketOffice {
  readonly #options: TicketOfficeOptions;

  constructor(options: TicketOfficeOptions) {
    this.#options = options;
  }

  /** Who puts by its tickets must send every byte. */
  get sentOnly(): boolean {
    return this.#options.sentOnly ?? false;
  }

  /** To put chunks of one upload into one node, up to so many bytes. */
  put(right: {
    readonly nodeId: NodeId;
    readonly clientKeyHash: Uint8Array;
    readonly uploadId: UploadId;
    readonly byteBudget: number;
  }): IssuedTicket {
    const common = this.#common(right);
    const { uploadId, byteBudget } = right;
    const { sentOnly = false } = this.#options;
    return {
      ticket: issueTicket({ ...common, kind: 'put', uploadId, byteBudget, sentOnly }, this.#options.signer),
      ticketExpiresMs: common.expiresAtMs,
      ...OWN_NODE,
    };
  }

  /** To get exactly these chunks from one node. */
  read(right: {
    readonly nodeId: NodeId;
    readonly clientKeyHash: Uint8Array;
    readonly chunks: readonly ListedChunk[];
  }): IssuedTicket {
    const common = this.#common(right);
    const listDigest = chunkListDigest(right.chunks, this.#options.hasher);
    return {
      ticket: issueTicket({ ...common, kind: 'read', listDigest }, this.#options.signer),
      ticketExpiresMs: common.expiresAtMs,
      ...OWN_NODE,
    };
  }

  #common(right: { readonly nodeId: NodeId; readonly clientKeyHash: Uint8Array }) {
    const { origin, clock, random } = this.#options;
    return {
      origin,
      nodeId: right.nodeId,
      clientKeyHash: right.clientKeyHash,
      expiresAtMs: clock.nowMs() + LIMITS.ticketLifeMs,
      ticketId: random.bytes(TICKET_ID_BYTES),
      revocationPosition: this.#options.revocationPosition(),
    };
  }
}

export type TicketOffices = (origin: MemberId, sentOnly: boolean, heardOf?: number) => TicketOffice;

/**
 * One for the chunks of each member. `heardOf`: its tickets are good at a node that has heard of revocations up to there: one that
 * was revoked itself hears of nothing more.
 */
export const ticketOffices =
  (options: Omit<TicketOfficeOptions, 'origin' | 'sentOnly'>): TicketOffices =>
  (origin, sentOnly, heardOf) =>
    new TicketOffice({ ...options, ...(heardOf === undefined ? {} : { revocationPosition: () => heardOf }), origin, sentOnly });
