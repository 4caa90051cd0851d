import type { CollectiveError } from '../../base/index.js';
import type { LiveCredentials } from '../../identity/index.js';
import { acceptTrust } from '../../identity/index.js';
import { CertificateKeeper, type RpcChannel, type SessionTrust } from '../../transport/index.js';
import type { NodeOptions, NodeWorld } from '../node-options.js';

export interface NodeCertificateOptions extends Pick<NodeOptions, 'enrolmentEndpoints' | 'keepRenewed'> {
  readonly own: LiveCredentials;
  readonly channel: RpcChannel;
}

/** Keeps the node's certificate good, and follows the CAs of its member. */
export class NodeCertificate {
  readonly #options: NodeCertificateOptions;
  readonly #world: NodeWorld;
  readonly #keeper: CertificateKeeper;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: NodeCertificateOptions, world: NodeWorld) {
    this.#options = options;
    this.#world = world;
    this.#keeper = new CertificateKeeper(
      {
        own: options.own,
        channel: options.channel,
        enrolmentEndpoints: options.enrolmentEndpoints ?? [],
        // Nothing is bound to a node's key but receipts, and the coordinator knows those before it.
        key: () => 'new',
        save: options.keepRenewed ?? (() => Promise.resolve()),
      },
      world,
    );
  }

  start(): void {
    this.#running = this.#keeper.run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** The coordinator has said whom to trust. */
  heard({ member }: SessionTrust): void {
    const { own } = this.#options;
    if (member === undefined) return;
    const accepted = acceptTrust(member, own, this.#world);
    if (!accepted.ok) {
      this.#world.logger.error('the coordinator names a CA that this node does not accept', { error: accepted.error });
      return;
    }
    const same = accepted.value.ca.pem === own.ca.pem && accepted.value.previousCas.length === own.previousCas.length;
    if (same && accepted.value.previousCas.every(({ untilMs }, index) => own.previousCas[index]?.untilMs === untilMs)) return;
    own.replace({ ...own.present, ...accepted.value });
    this.#keeper.look();
  }

  /** A session ended: where certificates were the reason, another one may mend it. */
  async sessionEnded(reason: CollectiveError | undefined): Promise<void> {
    if (reason?.code === 'CERTIFICATE_INVALID') await this.#keeper.refresh(this.#stopping.signal);
  }
}
