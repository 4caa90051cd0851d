import { CollectiveError, isMemberId, isNodeId, LIMITS, type MemberId, type NodeId } from '../../base/index.js';
import { nodeNamed, requiredOf } from '../../domain/index.js';
import type { EventLog } from '../../events/index.js';
import type { Hasher } from '../../ports/index.js';
import type { ViewHost, Views } from '../../projections/index.js';
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
import type { KeeperId } from './keeper.js';
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
    if (automatic) await office.chooseAnew({ lost: evenAlone });
    else {
      const { nodeIds, members } = await this.#named(nodes);
      const count = nodeIds.length + members.length;
      const wish = { nodeIds, members, required: required === 0 ? requiredOf(count) : required, evenAlone };
      await office.name(wish, { actor: clientCaller(call.caller).actor, request: ref });
    }
    return { summary: await this.#summary() };
  }

  #named(texts: readonly string[]): Promise<{ readonly nodeIds: readonly NodeId[]; readonly members: readonly MemberId[] }> {
    return this.#options.views.run((views) => {
      const found = texts.slice(0, LIMITS.witnesses + 1).map((text) => keeperNamed(text, views));
      return { nodeIds: found.filter(isNodeId), members: found.filter(isMemberId) };
    });
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

/** By name or id. Errors: NOT_FOUND, and REQUEST_INVALID for a name that a node and a member have. */
function keeperNamed(text: string, views: Views): KeeperId {
  const nodeId = nodeNamed(text, views.nodes);
  const member = views.peers.all().find(([id, { name, state }]) => state === 'admitted' && (id === text || name === text));
  const shown = JSON.stringify(text.slice(0, LIMITS.labelBytes));
  if (nodeId !== undefined && member !== undefined) {
    throw new CollectiveError('REQUEST_INVALID', `A node and a member are called ${shown}.`, {
      next: 'Give the id: collective node list and collective member list show them.',
    });
  }
  const found = nodeId ?? member?.[0];
  if (found !== undefined) return found;
  throw new CollectiveError('NOT_FOUND', `There is no node and no member called ${shown}.`, {
    next: 'See which there are: collective node list, collective member list',
  });
}
