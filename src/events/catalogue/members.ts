import type { MemberId } from '../../base/index.js';

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
  /** `host:port` each, of the home and the enrolment listener. */
  readonly home: readonly string[];
  readonly enrolment: readonly string[];
}
