import type { MemberId, NodeId } from '../../base/index.js';

/** The first event of every log: who the member is, and which keys speak for it. Creates the root directory (id 1-1). */
export interface CollectiveFounded {
  readonly type: 'CollectiveFounded';
  readonly memberId: MemberId;
  readonly name: string;
  /** SPKI DER of the identity key. */
  readonly identityPublicKey: Uint8Array;
  /** DER. */
  readonly caCertificate: Uint8Array;
  /** The identity key's endorsement of the CA. */
  readonly caEndorsement: Uint8Array;
  /** SPKI DER of the key that signs this log's blocks. */
  readonly logPublicKey: Uint8Array;
  readonly logKeyEndorsement: Uint8Array;
}

export interface CoordinatorEndpointsChanged {
  readonly type: 'CoordinatorEndpointsChanged';
  /** `host:port` each, of the home, the enrolment and the peer listener. */
  readonly home: readonly string[];
  readonly enrolment: readonly string[];
  readonly peer: readonly string[];
}

/** Another key signs the log from the next block on. Stands alone in its block, which the key before it signs. */
export interface LogKeyRotated {
  readonly type: 'LogKeyRotated';
  /** SPKI DER of the new key. */
  readonly logPublicKey: Uint8Array;
  readonly logKeyEndorsement: Uint8Array;
}

/** Another CA issues the member's certificates. Leaves of the one before stay good for a while. */
export interface MemberCaRotated {
  readonly type: 'MemberCaRotated';
  /** DER. */
  readonly caCertificate: Uint8Array;
  readonly caEndorsement: Uint8Array;
  /** Until then leaves of the CA before it are accepted. */
  readonly previousUntilMs: number;
}

/**
 * The log goes on in a new epoch, from a position that its owner names: what anybody holds past it is not of this log any more.
 * Stands alone in its block, the first of the epoch, which the identity key signs.
 */
export interface EpochStarted {
  readonly type: 'EpochStarted';
  /** More than `previousEpoch`. */
  readonly epoch: number;
  readonly previousEpoch: number;
  /** Of the last event that stays; this event is the next. */
  readonly cutSequence: number;
  /** Header hash of the block that ends there. */
  readonly cutHash: Uint8Array;
  /** SPKI DER of the key that signs from the next block on: a new one, or the same as before. */
  readonly logPublicKey: Uint8Array;
  readonly logKeyEndorsement: Uint8Array;
  readonly reason: string;
}

/** Who keeps copies of the log, and how many of them have to hold a block before it is acknowledged. */
export interface WitnessesChanged {
  readonly type: 'WitnessesChanged';
  readonly witnesses: readonly NodeId[];
  /** Other members, whose coordinators keep it. */
  readonly members: readonly MemberId[];
  /** At most as many as there are of both. */
  readonly required: number;
}
