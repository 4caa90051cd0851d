import type { InviteId, MemberId } from '../../base/index.js';

/** Another member as it came to us: who it is, and what speaks for it. */
interface MemberFacts {
  readonly memberId: MemberId;
  /** Our label for it. */
  readonly name: string;
  /** SPKI DER. Its hash is the member id. */
  readonly identityPublicKey: Uint8Array;
  /** DER. */
  readonly caCertificate: Uint8Array;
  readonly caEndorsement: Uint8Array;
  /** `host:port` each, of its peer listener. */
  readonly endpoints: readonly string[];
  /** That it redeemed. Empty: none. */
  readonly inviteId: InviteId | '';
  /** The member in whose log we found it. Empty: nobody. */
  readonly introducedBy: MemberId | '';
}

/** A member asks to be admitted, and waits for a person's word. */
export interface MemberApplied extends MemberFacts {
  readonly type: 'MemberApplied';
}

/** This member is trusted as a peer from now on: it may connect, and gets the logs. No grant, no pledge. */
export interface MemberAdmitted extends MemberFacts {
  readonly type: 'MemberAdmitted';
}

/** The application came to nothing. */
export interface MemberRefused {
  readonly type: 'MemberRefused';
  readonly memberId: MemberId;
  readonly note: string;
}

/** Our label for it changed. */
export interface MemberRenamed {
  readonly type: 'MemberRenamed';
  readonly memberId: MemberId;
  readonly name: string;
}

/** Where we stop to accept a member's log. */
interface MemberStopped {
  readonly memberId: MemberId;
  /** Of the last event that is accepted; 0 and 0: none. */
  readonly epoch: number;
  readonly sequence: number;
  readonly note: string;
}

/** For a while. */
export interface MemberSuspended extends MemberStopped {
  readonly type: 'MemberSuspended';
}

export interface MemberReinstated {
  readonly type: 'MemberReinstated';
  readonly memberId: MemberId;
}

/** For good, unless it is invited again. */
export interface MemberRemoved extends MemberStopped {
  readonly type: 'MemberRemoved';
}

/** Two signed blocks for one place of somebody's log: it is frozen at the last block that both share. */
export interface LogForkDetected {
  readonly type: 'LogForkDetected';
  readonly origin: MemberId;
  readonly epoch: number;
  /** Of the first event of both blocks. */
  readonly sequence: number;
  /** Header hash of the block that is held. */
  readonly heldHash: Uint8Array;
  readonly otherHash: Uint8Array;
  /** Who brought the proof. Empty: found by ourselves. */
  readonly toldBy: MemberId | '';
}
