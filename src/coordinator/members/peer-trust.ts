import type { MemberId } from '../../base/index.js';
import type { PeerMember, PeerPool } from '../../identity/index.js';

/** Another member that is admitted and not suspended, with all that its coordinator is known by. */
export interface TrustedMember extends PeerMember {
  /** Our label for it. */
  readonly name: string;
  /** SPKI DER. */
  readonly identityPublicKey: Uint8Array;
  /** Every CA whose leaves are accepted, the present one first; the last accepted time of that one is 0: no end. */
  readonly cas: readonly {
    /** DER. */
    readonly certificate: Uint8Array;
    /** By the identity key. */
    readonly endorsement: Uint8Array;
    readonly acceptedUntilMs: number;
  }[];
}

/** Whom this coordinator trusts as peers at this moment. Objects that were handed out never change. */
export interface PeerTrust extends PeerPool {
  of(memberId: MemberId): TrustedMember | undefined;
  byName(name: string): TrustedMember | undefined;
  all(): readonly TrustedMember[];
  onChange(listener: () => void): () => void;
}
