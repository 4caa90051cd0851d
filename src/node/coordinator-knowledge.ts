import { CollectiveError, fromHex, fromUtf8, LIMITS, toHex, utf8, type MemberId } from '../base/index.js';
import { isEd25519PublicKey, publicKeyOf, type PublicKey } from '../identity/index.js';
import type { Hasher, Logger } from '../ports/index.js';
import type { SessionWelcome } from '../transport/index.js';
import type { SmallFile } from './node-options.js';

interface Known {
  readonly ticketKeys: readonly PublicKey[];
  readonly revocationPosition: number;
}

const FORMAT_VERSION = 1;
const NOTHING: Known = { ticketKeys: [], revocationPosition: 0 };

/**
 * What the coordinator told this node, kept across restarts: a node that comes up alone serves who has a ticket. Kept as JSON
 * `{version, memberId, ticketPublicKeys (SPKI DER, hex), revocationPosition}`.
 */
export class CoordinatorKnowledge {
  readonly memberId: MemberId;
  readonly #file: SmallFile;
  readonly #hasher: Hasher;
  readonly #logger: Logger;
  #known: Known = NOTHING;

  constructor(options: {
    readonly memberId: MemberId;
    readonly file: SmallFile;
    readonly hasher: Hasher;
    readonly logger: Logger;
  }) {
    this.memberId = options.memberId;
    this.#file = options.file;
    this.#hasher = options.hasher;
    this.#logger = options.logger;
  }

  /** Keys whose tickets are honoured; none before the first session ever. */
  get ticketKeys(): readonly PublicKey[] {
    return this.#known.ticketKeys;
  }

  /** Position in the member's log that the knowledge of revocations stands at. */
  get revocationPosition(): number {
    return this.#known.revocationPosition;
  }

  /** A file that cannot be used is only forgotten knowledge: the next session brings it back. */
  async load(): Promise<void> {
    try {
      const bytes = await this.#file.read();
      if (bytes === undefined) return;
      this.#known = this.#decode(bytes);
    } catch (error) {
      this.#logger.warn('what the coordinator said before is lost; it is asked again', { error });
    }
  }

  /** Errors: PROTOCOL_ERROR for a welcome that is not the own coordinator's, or makes no sense. */
  async learn(welcome: SessionWelcome): Promise<void> {
    if (welcome.memberId !== this.memberId) {
      throw new CollectiveError(
        'PROTOCOL_ERROR',
        `The coordinator speaks for another member (${welcome.memberId.slice(0, 60)}).`,
      );
    }
    const known = this.#checked(welcome.ticketPublicKeys, welcome.revocationPosition);
    const before = this.#encode(this.#known);
    const after = this.#encode(known);
    this.#known = known;
    if (before === after) return;
    try {
      await this.#file.write(utf8(after));
    } catch (error) {
      // It is known all the same; only a restart without the coordinator would miss it.
      this.#logger.warn('what the coordinator said could not be kept', { error });
    }
  }

  #checked(publicKeys: readonly Uint8Array[], revocationPosition: number): Known {
    if (publicKeys.length === 0 || publicKeys.length > LIMITS.ticketKeys || !publicKeys.every(isEd25519PublicKey)) {
      throw new CollectiveError('PROTOCOL_ERROR', 'The keys for tickets are not Ed25519 keys, or too few or many.');
    }
    // Copies: the message that they came in is larger than they are.
    const ticketKeys = publicKeys.map((publicKey) => publicKeyOf(publicKey.slice(), this.#hasher));
    return { ticketKeys, revocationPosition };
  }

  #encode({ ticketKeys, revocationPosition }: Known): string {
    const ticketPublicKeys = ticketKeys.map(({ publicKey }) => toHex(publicKey));
    return `${JSON.stringify({ version: FORMAT_VERSION, memberId: this.memberId, ticketPublicKeys, revocationPosition })}\n`;
  }

  #decode(bytes: Uint8Array): Known {
    const unusable = new CollectiveError('DATA_FORMAT_UNSUPPORTED', 'The file of what the coordinator said cannot be used.');
    const value: unknown = JSON.parse(fromUtf8(bytes) ?? '');
    if (typeof value !== 'object' || value === null) throw unusable;
    const { version, memberId, ticketPublicKeys, revocationPosition }: Partial<Record<string, unknown>> = { ...value };
    if (version !== FORMAT_VERSION || memberId !== this.memberId || !Array.isArray(ticketPublicKeys)) throw unusable;
    if (typeof revocationPosition !== 'number' || !Number.isSafeInteger(revocationPosition)) throw unusable;
    const keys = ticketPublicKeys.map((text: unknown) => (typeof text === 'string' ? fromHex(text) : undefined));
    return this.#checked(
      keys.map((key) => key ?? new Uint8Array()),
      revocationPosition,
    );
  }
}
