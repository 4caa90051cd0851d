import type { CollectiveError, MemberId } from '../../base/index.js';
import type { OwnCredentials, PeerIdentity, PeerPool, TrustedCa } from '../../identity/index.js';
import type { Logger } from '../../ports/index.js';
import type { BoundService } from './service.js';

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** Undefined: no deadline. */
  readonly timeoutMs: number | undefined;
  readonly requestId: string | undefined;
}

/** One call as its caller sees it: encoded messages, one at a time in each direction. */
export interface RpcCall {
  /** DER of the certificate that the server has proved for this call's connection; absent where the way there is not its own. */
  readonly serverLeaf?: Uint8Array | undefined;
  /**
   * Resolves when the message left this process, or the call is over: how it ended is for `receive` to tell. One at a time.
   * False: the other side takes no more.
   */
  send(message: Uint8Array): Promise<boolean>;
  /** No more requests. */
  endRequests(): void;
  /** The next response, pulled from the other side; undefined after the last one of a call that went well. One at a time. */
  receive(): Promise<Uint8Array | undefined>;
  /** Ends the call, if it has not ended. */
  cancel(): void;
}

/** A way to one coordinator, connected when it is needed and again when it was lost. */
export interface RpcChannel {
  /** `path` is `/<service>/<method>`. Errors: COORDINATOR_UNREACHABLE, CERTIFICATE_INVALID, DEADLINE_EXCEEDED, CANCELLED. */
  open(path: string, options: OpenOptions): Promise<RpcCall>;
  /** Ends open calls. */
  close(): void;
}

export interface RpcListenOptions {
  readonly kind: 'home' | 'peer' | 'enrolment';
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly own: OwnCredentials;
  /** Whose coordinators may call: on a peer port, and only there. */
  readonly peers?: PeerPool;
  readonly services: readonly BoundService[];
  /** Called for every call after certificate and role were found good; throws a CollectiveError to refuse (revoked, ...). */
  readonly admit?: (caller: PeerIdentity) => void;
  readonly logger: Logger;
}

export interface OpenCall {
  /** Undefined on the enrolment port. */
  readonly caller: PeerIdentity | undefined;
  readonly path: string;
  readonly requestId: string;
}

export interface RpcListener {
  /** The port that was bound. */
  readonly port: number;
  readonly openCalls: number;
  /** Ends the calls that match, with this error for their callers and as reason of their signals. Returns how many. */
  closeCalls(matches: (call: OpenCall) => boolean, error: CollectiveError): number;
  /** What the health service answers. */
  setServing(serving: boolean): void;
  /** Accepts nothing new, ends open calls with UNAVAILABLE, and destroys what is left after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Trust by an invite: the CA is not known yet, only what the invite pins of it. */
export interface EnrolmentConnectOptions {
  /** `host:port`, in the order to try. */
  readonly endpoints: readonly string[];
  /** Given the chain that the server showed (DER, leaf first); returns the CA it found good. Throws CERTIFICATE_INVALID. */
  readonly verifyServer: (chain: readonly Uint8Array[]) => TrustedCa;
  readonly signal: AbortSignal;
}

export interface EnrolmentChannel {
  readonly channel: RpcChannel;
  /** DER of the only leaf that this channel speaks to: what proofs are bound to. */
  readonly serverLeaf: Uint8Array;
  readonly ca: TrustedCa;
}

/** To the coordinator of another member. */
export interface PeerConnectOptions {
  readonly own: OwnCredentials;
  readonly memberId: MemberId;
  /** Looked at for each connection: CAs and endpoints are those of that moment. */
  readonly peers: PeerPool;
}

/** Remote calls: gRPC over TLS 1.3, or in memory for tests and simulation. */
export interface RpcTransport {
  listen(options: RpcListenOptions): Promise<RpcListener>;
  /** To the coordinator of the own member, and nobody else. Endpoints are `host:port`, in the order to try. */
  connect(options: { readonly endpoints: readonly string[]; readonly own: OwnCredentials }): RpcChannel;
  /**
   * To the coordinator of that other member, by its own CAs, and nobody else. Calls fail with PERMISSION_DENIED while the member
   * is not in the pool.
   */
  connectPeer(options: PeerConnectOptions): RpcChannel;
  /** Checks the server before anything but a handshake is sent. Errors: COORDINATOR_UNREACHABLE, CERTIFICATE_INVALID, CANCELLED. */
  connectEnrolment(options: EnrolmentConnectOptions): Promise<EnrolmentChannel>;
}
