import type { Clock } from '../../../ports/index.js';
import type {
  ListPeersRequest,
  ListPeersResponse,
  PeerAdminServiceDefinition,
  ServiceImplementation,
} from '../../../transport/index.js';
import { logInfos, peerInfos, type PeerReportParts } from './peer-report.js';

/** Tells the member's people how things are with its peers. */
export class PeerAdminService implements ServiceImplementation<typeof PeerAdminServiceDefinition> {
  readonly #parts: () => PeerReportParts;
  readonly #clock: Clock;

  constructor(parts: () => PeerReportParts, clock: Clock) {
    this.#parts = parts;
    this.#clock = clock;
  }

  listPeers(_request: ListPeersRequest): Promise<ListPeersResponse> {
    const parts = this.#parts();
    return Promise.resolve({
      peers: [...peerInfos(parts)],
      logs: [...logInfos(parts)],
      timeMs: this.#clock.nowMs(),
    });
  }
}
