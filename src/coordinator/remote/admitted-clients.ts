import { LIMITS, type MemberId } from '../../base/index.js';
import { revokedClients } from '../../domain/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import type { AdmittedMember } from '../../transport/index.js';
import type { TrustDesk } from '../certificates/trust-desk.js';
import type { OtherLogs } from '../members/other-logs.js';
import type { PeerTrust } from '../members/peer-trust.js';

export interface AdmittedClientsOptions {
  /** Tells the nodes. */
  readonly desk: TrustDesk;
  readonly trust: PeerTrust;
  readonly logs: OtherLogs;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** All of them together have to fit into one message to a node, beside the own member's facts. */
const TOLD_BYTES_MAX = LIMITS.rpcMessageBytes / 2;

/** Whose clients the own nodes let in, with a ticket: told anew when a member comes or goes, or takes back a certificate. */
export class AdmittedClients {
  readonly #options: AdmittedClientsOptions;
  readonly #told = new Map<MemberId, number>();
  readonly #forget: readonly (() => void)[];
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: AdmittedClientsOptions) {
    this.#options = options;
    options.desk.others = () => this.#present();
    this.#forget = [
      options.trust.onChange(() => this.#look(() => Promise.resolve(true))),
      options.logs.onApplied((origin) => this.#look(() => this.#hasRevoked(origin))),
    ];
  }

  /** Resolves when nothing is told any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#forget) end();
    await this.#looking;
  }

  #look(isNews: () => Promise<boolean>): void {
    this.#looking = this.#looking.then(async () => {
      try {
        if (!this.#stopped && (await isNews())) await this.#options.desk.changed();
      } catch (error) {
        this.#options.logger.error('it is not known which clients of other members were revoked', { error });
      }
    });
  }

  async #hasRevoked(origin: MemberId): Promise<boolean> {
    if (this.#options.trust.of(origin) === undefined) return false;
    const position = await this.#options.logs.read(origin, ({ certificates }) => certificates.revocationPosition());
    return position !== undefined && position !== (this.#told.get(origin) ?? 0);
  }

  async #present(): Promise<readonly AdmittedMember[]> {
    const { trust, logs, clock, logger } = this.#options;
    const nowMs = clock.nowMs();
    const told: AdmittedMember[] = [];
    let bytes = 0;
    for (const { memberId, identityPublicKey, cas } of trust.all()) {
      const found = await logs.read(memberId, ({ certificates }) => ({
        position: certificates.revocationPosition(),
        revoked: revokedClients(certificates.subjects('client'), nowMs),
      }));
      const member = { memberId, trust: { identityPublicKey, cas: [...cas] }, revokedClientIds: [...(found?.revoked ?? [])] };
      bytes += bytesOf(member);
      if (bytes > TOLD_BYTES_MAX || told.length >= LIMITS.membersTold) {
        logger.error('more members are admitted than nodes can be told of; clients of some reach no node', { told: told.length });
        break;
      }
      this.#told.set(memberId, found?.position ?? 0);
      told.push(member);
    }
    return told;
  }
}

const FIELDS_BYTES = 16;

/** What it takes in a message, at most. */
function bytesOf({ memberId, trust, revokedClientIds }: AdmittedMember): number {
  const cas = (trust?.cas ?? []).map(({ certificate, endorsement }) => certificate.length + endorsement.length + FIELDS_BYTES);
  const ids = revokedClientIds.map((id) => id.length + FIELDS_BYTES);
  return (
    memberId.length + [...cas, ...ids].reduce((sum, each) => sum + each, (trust?.identityPublicKey.length ?? 0) + FIELDS_BYTES)
  );
}
