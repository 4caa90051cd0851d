/** Who the other end of a connection has proved to be, by its certificate. */
export interface PeerCertificate {
  /** DER of the leaf. */
  readonly leaf: Uint8Array;
}

/** Credentials of this end: TLS 1.3 only, mutual. What they hold may change; each new connection takes what is there then. */
export interface TlsCredentials {
  /** PEM, leaf first, then the CA. */
  readonly certificateChain: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
  /** PEM of the only CAs whose leaves are accepted. */
  readonly trustedCa: string;
  /**
   * Called with the other end's leaf; throws CollectiveError to refuse it. A leaf that does not chain to `trustedCa` is refused
   * in any case, but an accepting end asks here first, for the better reason: so this must not take the leaf for verified.
   */
  readonly verifyPeer: (peer: PeerCertificate) => void;
  /** Told after each change. Returns what ends that. */
  readonly onChange?: (listener: () => void) => () => void;
}

export interface ByteStreamHandlers {
  /** The view is valid only during the call: copy what is to be kept. */
  onBytes(bytes: Uint8Array): void;
  /** Called exactly once, last; with an error unless both ends closed in order. */
  onClose(error?: Error): void;
}

/** An authenticated, encrypted, ordered stream of bytes. */
export interface ByteStream {
  readonly peer: PeerCertificate;
  /** `host:port`, for logs. */
  readonly remote: string;
  /** Delivery begins with this call; once only. */
  start(handlers: ByteStreamHandlers): void;
  /** Stops and resumes delivery (backpressure on the other end). */
  pause(): void;
  resume(): void;
  /**
   * Queues the parts as one write. The buffers must not change until the promise resolves, which is when they have been
   * handed to the operating system. Rejects once the stream is closed.
   */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Bytes queued and not yet handed over. */
  readonly queuedBytes: number;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(error?: Error): void;
}

export interface Listener {
  /** The port that was bound (when 0 was asked for). */
  readonly port: number;
  /** Stops accepting and destroys what is open. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly credentials: TlsCredentials;
  readonly connectionsMax: number;
  readonly handshakeTimeoutMs: number;
  /** A connection that was refused, and why (for logs and counters). */
  readonly onRefused?: (remote: string, error: Error) => void;
}

/** Streams of bytes for chunks. Remote procedure calls have their own port in `transport`. */
export interface Network {
  listen(options: ListenOptions, onConnection: (stream: ByteStream) => void): Promise<Listener>;
  /** Errors: NODE_UNREACHABLE, CERTIFICATE_INVALID, CANCELLED. */
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly credentials: TlsCredentials;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  }): Promise<ByteStream>;
}
