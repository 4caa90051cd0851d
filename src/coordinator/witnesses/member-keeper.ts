import { type CollectiveError, equalBytes, type MemberId } from '../../base/index.js';
import type { Head, StoredBlock } from '../../events/index.js';
import type { Keeper, Standing } from './keeper.js';
import type { RecentBlocks } from './recent-blocks.js';

/** An open session with another member's coordinator, which keeps a copy of the own log. */
export interface MemberSession {
  readonly memberId: MemberId;
  readonly ended: AbortSignal;
  /** A page of its copy. Errors: those of the call. */
  readonly read: (fromSequence: number, toSequence: number, signal: AbortSignal) => Promise<readonly Uint8Array[]>;
}

/** The copy of the own log at another member, while there is a session: what is durable there, by its word. */
export class MemberKeeper implements Keeper {
  readonly id: MemberId;
  readonly diskId: string;
  readonly session: MemberSession;
  standing: Standing = { kind: 'unknown' };
  stalled = false;
  sentSequence = 0;
  #head: Head | undefined;

  constructor(session: MemberSession, head: Head | undefined) {
    this.session = session;
    this.id = session.memberId;
    // Of disks, a member's are none of the own ones.
    this.diskId = `member ${session.memberId}`;
    this.#head = head;
  }

  get head(): Head | undefined {
    return this.#head;
  }

  get ended(): AbortSignal {
    return this.session.ended;
  }

  /** It has said how far it is. Returns whether that is a part of the own log; if that is not plain, it has to be found out. */
  tell(head: Head | undefined, own: Head, recent: RecentBlocks): boolean {
    this.#head = head;
    this.stalled = false;
    if (this.standing.kind !== 'behind') this.standing = { kind: 'unknown' };
    else if (head === undefined || isOf(head, own) || isOf(head, headOf(recent.lastUpTo(head.sequence)))) return true;
    else this.standing = { kind: 'unknown' };
    return false;
  }

  read(fromSequence: number, toSequence: number, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    return this.session.read(fromSequence, toSequence, signal);
  }

  wake(): void {
    // Its session has a feed of its own.
  }

  close(_reason: CollectiveError): void {
    // Its session is for more than the copy.
  }
}

const isOf = (head: Head, own: Pick<Head, 'epoch' | 'sequence' | 'headerHash'> | undefined): boolean =>
  own !== undefined && head.epoch === own.epoch && head.sequence === own.sequence && equalBytes(head.headerHash, own.headerHash);

const headOf = (block: StoredBlock | undefined): Pick<Head, 'epoch' | 'sequence' | 'headerHash'> | undefined =>
  block === undefined ? undefined : { epoch: block.header.epoch, sequence: block.lastSequence, headerHash: block.headerHash };
