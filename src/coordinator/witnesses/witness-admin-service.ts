import { CollectiveError, LIMITS, type NodeId } from '../../base/index.js';
import { nodeNamed, requiredOf } from '../../domain/index.js';
import type { EventLog } from '../../events/index.js';
import type { Hasher } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type {
  AuthenticatedCall,
  Failure,
  ListWitnessesRequest,
  ListWitnessesResponse,
  NameWitnessesRequest,
  NameWitnessesResponse,
  ServiceImplementation,
  WitnessAdminServiceDefinition,
  WitnessSummary,
} from '../../transport/index.js';
import { clientCaller } from '../caller.js';
import { requestRef } from '../commands/request-ref.js';
import type { WitnessOffice } from './witness-office.js';

export interface WitnessAdminOptions {
  readonly office: WitnessOffice;
  readonly views: ViewHost;
  readonly log: Pick<EventLog, 'head'>;
  readonly hasher: Hasher;
}

/** What the member asks about the copies of its log, and decides about them. */
export class WitnessAdminService implements ServiceImplementation<typeof WitnessAdminServiceDefinition> {
  readonly #options: WitnessAdminOptions;

  constructor(options: WitnessAdminOptions) {
    this.#options = options;
  }

  async listWitnesses(_request: ListWitnessesRequest): Promise<ListWitnessesResponse> {
    return { summary: await this.#summary() };
  }

  async nameWitnesses(request: NameWitnessesRequest, call: AuthenticatedCall): Promise<NameWitnessesResponse> {
    const { office, hasher } = this.#options;
    const { nodes, required, evenAlone, automatic } = request;
    const content = { nodes, required, evenAlone, automatic };
    const ref = requestRef({ requestId: request.requestId, method: 'nameWitnesses', content }, hasher);
    if (automatic) await office.chooseAnew();
    else {
      const nodeIds = await this.#nodeIds(nodes);
      const wish = { nodeIds, required: required === 0 ? requiredOf(nodeIds.length) : required, evenAlone };
      await office.name(wish, { actor: clientCaller(call.caller).actor, request: ref });
    }
    return { summary: await this.#summary() };
  }

  #nodeIds(nodes: readonly string[]): Promise<readonly NodeId[]> {
    return this.#options.views.run((views) =>
      nodes.slice(0, LIMITS.witnesses + 1).map((text) => {
        const nodeId = nodeNamed(text, views.nodes);
        if (nodeId !== undefined) return nodeId;
        throw new CollectiveError('NOT_FOUND', `There is no node called ${JSON.stringify(text.slice(0, LIMITS.labelBytes))}.`, {
          next: 'See which there are: collective node list',
        });
      }),
    );
  }

  async #summary(): Promise<WitnessSummary> {
    const report = await this.#options.office.report();
    return {
      witnesses: report.witnesses.map((witness) => ({ ...witness })),
      required: report.required,
      byOperator: report.byOperator,
      disks: report.disks,
      headSequence: this.#options.log.head.sequence,
      refusal: report.refusal === undefined ? undefined : failureIn(report.refusal),
      notices: [...report.notices],
    };
  }
}

const failureIn = ({ code, message, next }: Failure): Failure => ({ code, message, next });
