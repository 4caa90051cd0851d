import { toCollectiveError } from '../../base/index.js';
import { revokedClients } from '../../domain/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { AdmittedMember, SessionTrust } from '../../transport/index.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { CertificateAuthority } from './authority.js';

export interface TrustDeskOptions {
  readonly authority: CertificateAuthority;
  readonly views: ViewHost;
  readonly registry: NodeRegistry;
  readonly ticketPublicKeys: () => readonly Uint8Array[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What nodes judge callers by: told to each at its welcome, and to all whenever it changes. */
export class TrustDesk {
  /** Other members whose clients may come to nodes. */
  others: () => Promise<readonly AdmittedMember[]> = () => Promise.resolve([]);
  readonly #options: TrustDeskOptions;
  #changes = 0;

  constructor(options: TrustDeskOptions) {
    this.#options = options;
  }

  /** Counts the changes, so that what was gathered before one can be told from what was after. */
  get changes(): number {
    return this.#changes;
  }

  async present(): Promise<SessionTrust> {
    const { authority, views, ticketPublicKeys, clock } = this.#options;
    const nowMs = clock.nowMs();
    const member = await authority.trust();
    const admitted = [...(await this.others())];
    const { revocationPosition, revokedClientIds } = await views.run(({ certificates }) => ({
      revocationPosition: certificates.revocationPosition(),
      revokedClientIds: [...revokedClients(certificates.subjects('client'), nowMs)],
    }));
    return { ticketPublicKeys: [...ticketPublicKeys()], revocationPosition, revokedClientIds, member, admitted };
  }

  /** Tells every node that is here. */
  async changed(): Promise<void> {
    this.#changes += 1;
    try {
      const value = await this.present();
      this.#options.registry.tellAll({ message: { $case: 'trust', value } });
    } catch (error) {
      // They hear of it at their next welcome; until then they refuse tickets that are newer than what they know.
      this.#options.logger.error('the nodes could not be told whom to trust', { error: toCollectiveError(error) });
    }
  }
}
