import type { MemberId } from '../../../base/index.js';
import { type EventLog, type Head, parseBlock } from '../../../events/index.js';
import type { Hasher, SignatureVerifier } from '../../../ports/index.js';
import { isNewer } from '../../../sync/index.js';
import type { PeerMessage } from '../../../transport/index.js';
import type { FrontierDesk } from '../telling/frontier-desk.js';
import type { OriginSyncs } from '../fetching/origin-syncs.js';
import type { OwnFeed } from '../telling/own-feed.js';
import { contradicts } from './own-proof.js';
import type { PeerLink } from './peer-link.js';
import type { PeerMemories } from '../report/peer-memory.js';
import type { StateDesk } from '../telling/state-desk.js';
import { headOf, markOf, memberIdOf, protocolError } from './wire.js';

export interface SessionIntakeOptions {
  readonly own: MemberId;
  readonly log: EventLog;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly syncs: OriginSyncs;
  readonly feed: OwnFeed;
  readonly states: StateDesk;
  readonly frontier: FrontierDesk;
  readonly memory: PeerMemories;
  /** A peer has said for the first time that it holds this log. */
  readonly onFirstHead: (link: PeerLink, origin: MemberId) => void;
  /** A peer has said how far it holds the own log. */
  readonly onOwnHead: () => void;
  /** A peer that was dialled from here has a call for this side. */
  readonly onAsked: (link: PeerLink, callId: number) => void;
}

/** Gives everything that comes in sessions to whom it concerns; nothing here waits for a disk or for views. */
export class SessionIntake {
  readonly #options: SessionIntakeOptions;

  constructor(options: SessionIntakeOptions) {
    this.#options = options;
  }

  /** Error: PROTOCOL_ERROR. */
  async take(link: PeerLink, message: NonNullable<PeerMessage['message']>): Promise<void> {
    switch (message.$case) {
      case 'frontier':
        for (const head of message.value.heads) this.#takeHead(link, headOf(head));
        return;
      case 'blocks':
        this.#takeBlocks(link, memberIdOf(message.value.origin), message.value.blocks);
        return;
      case 'fork':
        await this.#takeProof(link, memberIdOf(message.value.origin), [message.value.held, message.value.other]);
        return;
      case 'states':
        for (const mark of message.value.marks) await this.#options.states.take(link, markOf(mark));
        return;
      case 'ping':
        link.outbox.pong(message.value.nonce);
        return;
      case 'pong':
        link.ponged(message.value.nonce);
        return;
      case 'ask':
        if (!link.dialledHere) throw protocolError('a call in a session that it dialled itself');
        this.#options.onAsked(link, message.value.callId);
        return;
      default:
    }
  }

  #takeHead(link: PeerLink, head: Head): void {
    const { own, feed, syncs, frontier, onFirstHead, onOwnHead } = this.#options;
    const first = link.holds(head);
    if (head.origin !== own) {
      if (first) onFirstHead(link, head.origin);
      syncs.of(head.origin)?.wake();
      frontier.heard(link, head);
      return;
    }
    link.acknowledged(head.sequence);
    feed.feed(link);
    onOwnHead();
  }

  #takeBlocks(link: PeerLink, origin: MemberId, blocks: readonly Uint8Array[]): void {
    const last = parseBlock(blocks.at(-1) ?? new Uint8Array(), this.#options.hasher);
    if (origin === this.#options.own || !last.ok) return;
    const { header, lastSequence: sequence, headerHash } = last.value;
    const head = { origin, epoch: header.epoch, sequence, headerHash };
    const known = link.heads.get(origin);
    if (known === undefined || isNewer(head, known)) link.holds(head);
    this.#options.syncs.of(origin)?.push(link.memberId, blocks);
  }

  async #takeProof(link: PeerLink, origin: MemberId, blocks: readonly [Uint8Array, Uint8Array]): Promise<void> {
    const { own, syncs, log, memory } = this.#options;
    if (origin !== own) {
      syncs.of(origin)?.prove(link.memberId, blocks);
      return;
    }
    for (const block of blocks) if (await contradicts(log, block, this.#options)) memory.contradicting.add(link.memberId);
  }
}
