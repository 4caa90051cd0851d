import type { ByteStream, Listener, ListenOptions, Network, TlsCredentials } from '../../../src/ports/index.js';
import { createAuthority, createCredentials, type TestAuthority } from '../../support/certificates.js';
import { deferred } from '../../support/streams.js';

type Own = TlsCredentials & { readonly leaf: Uint8Array };

export interface TestListener {
  readonly listener: Listener;
  /** The next stream that came in. */
  readonly accepted: () => Promise<ByteStream>;
  /** The first refusal. */
  readonly refusal: Promise<Error>;
}

/** A network, a member, and a node and a client of that member. */
export class NetworkFixture {
  readonly network: Network;
  readonly host: string;
  readonly authority: TestAuthority;
  readonly node: Own;
  readonly client: Own;
  readonly #listeners: Listener[] = [];

  private constructor(network: Network, host: string, authority: TestAuthority, node: Own, client: Own) {
    this.network = network;
    this.host = host;
    this.authority = authority;
    this.node = node;
    this.client = client;
  }

  static async create(network: Network, host: string): Promise<NetworkFixture> {
    const authority = await createAuthority();
    const node = await createCredentials(authority, { role: 'node' });
    const client = await createCredentials(authority, { role: 'client' });
    return new NetworkFixture(network, host, authority, node, client);
  }

  async listen(options: Partial<ListenOptions> = {}): Promise<TestListener> {
    const arrived: ByteStream[] = [];
    const waiting: ((stream: ByteStream) => void)[] = [];
    const refused = deferred<Error>();
    const listener = await this.network.listen(
      {
        host: this.host,
        port: 0,
        credentials: this.node,
        connectionsMax: 8,
        handshakeTimeoutMs: 20_000,
        onRefused: (_remote, error) => refused.resolve(error),
        ...options,
      },
      (stream) => {
        const next = waiting.shift();
        if (next === undefined) arrived.push(stream);
        else next(stream);
      },
    );
    this.#listeners.push(listener);
    const accepted = (): Promise<ByteStream> => {
      const stream = arrived.shift();
      return stream === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(stream);
    };
    return { listener, accepted, refusal: refused.promise };
  }

  dial(port: number, credentials: TlsCredentials = this.client): Promise<ByteStream> {
    const { signal } = new AbortController();
    return this.network.connect({ host: this.host, port, credentials, timeoutMs: 20_000, signal });
  }

  async pair(): Promise<{ readonly near: ByteStream; readonly far: ByteStream; readonly listener: Listener }> {
    const { listener, accepted } = await this.listen();
    const [near, far] = await Promise.all([this.dial(listener.port), accepted()]);
    return { near, far, listener };
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}
