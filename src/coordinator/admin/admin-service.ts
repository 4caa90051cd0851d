import { accept, CollectiveError, LIMITS } from '../../base/index.js';
import { decideIssueInvite, nodeNamed } from '../../domain/index.js';
import type { EventLog } from '../../events/index.js';
import { createInvite } from '../../identity/index.js';
import type { Clock, Hasher, Random } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type {
  AdminServiceDefinition,
  AuthenticatedCall,
  CommitRotationRequest,
  CommitRotationResponse,
  GetEventRequest,
  GetEventResponse,
  GetNodeRequest,
  GetNodeResponse,
  GetStatusRequest,
  GetStatusResponse,
  IssueInviteRequest,
  IssueInviteResponse,
  ListClientsRequest,
  ListClientsResponse,
  ListEventsRequest,
  ListEventsResponse,
  ListNodesRequest,
  ListNodesResponse,
  PrepareRotationRequest,
  PrepareRotationResponse,
  RemoveNodeRequest,
  RemoveNodeResponse,
  ReplayLogRequest,
  ReplayLogResponse,
  RevokeCertificatesRequest,
  RevokeCertificatesResponse,
  ServiceImplementation,
  VerifyLogRequest,
  VerifyLogResponse,
} from '../../transport/index.js';
import { clientCaller } from '../caller.js';
import type { CertificateAuthority } from '../certificates/authority.js';
import type { RevocationDesk } from '../certificates/revocation-desk.js';
import type { RotationDesk } from '../certificates/rotation-desk.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import type { Audit } from '../log/audit.js';
import { eventInfo } from './event-info.js';
import { listEvents } from './list-events.js';
import type { StatusDesk } from './status-desk.js';

export interface AdminServiceOptions {
  readonly authority: CertificateAuthority;
  readonly revocation: RevocationDesk;
  readonly rotation: RotationDesk;
  readonly commands: CommandLoop;
  readonly log: EventLog;
  readonly views: ViewHost;
  readonly status: StatusDesk;
  readonly audit: Audit;
  readonly enrolmentEndpoints: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
}

/** What the member asks about its coordinator and nodes, and the invites it gives. */
export class AdminService implements ServiceImplementation<typeof AdminServiceDefinition> {
  readonly #options: AdminServiceOptions;

  constructor(options: AdminServiceOptions) {
    this.#options = options;
  }

  getStatus(_request: GetStatusRequest): Promise<GetStatusResponse> {
    return this.#options.status.status();
  }

  async listNodes(_request: ListNodesRequest): Promise<ListNodesResponse> {
    return { nodes: await this.#options.status.nodes() };
  }

  async getNode(request: GetNodeRequest): Promise<GetNodeResponse> {
    const id = await this.#options.views.run((views) => nodeNamed(request.node, views.nodes));
    const node = (await this.#options.status.nodes()).find(({ nodeId }) => nodeId === id);
    if (node === undefined) {
      throw new CollectiveError(
        'NOT_FOUND',
        `There is no node called ${JSON.stringify(request.node.slice(0, LIMITS.labelBytes))}.`,
        {
          next: 'See which there are: collective node list',
          details: { node: request.node.slice(0, LIMITS.labelBytes) },
        },
      );
    }
    return { node };
  }

  async issueInvite(request: IssueInviteRequest, call: AuthenticatedCall): Promise<IssueInviteResponse> {
    const { authority, clock, random, hasher, commands } = this.#options;
    const { kind, name } = request;
    if (kind !== 'node' && kind !== 'client')
      throw new CollectiveError('REQUEST_INVALID', 'An invite is for a node or a client.');
    const lifeMs = request.lifeMs === 0 ? LIMITS.inviteLifeMs : Math.min(request.lifeMs, LIMITS.inviteLifeMaxMs);
    // Invites carry whole seconds.
    const expiresAtMs = Math.ceil((clock.nowMs() + lifeMs) / 1000) * 1000;
    const invite = accept(
      createInvite(
        {
          kind,
          memberId: authority.memberId,
          caSha256: authority.ca.sha256,
          expiresAtMs,
          endpoints: this.#options.enrolmentEndpoints,
        },
        { random, hasher },
      ),
    );
    const { inviteId, secretHash } = invite;
    const event = { type: 'InviteIssued', inviteId, kind, name, secretHash, expiresAtMs, approved: false } as const;
    // The secret is not kept, so a retry cannot be answered with it again: each call makes a new invite.
    const ref = requestRef({ requestId: request.requestId, method: 'issueInvite', content: { inviteId } }, hasher);
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: ref,
      decide: (views, context) => decideIssueInvite(event, views, context),
      answer: () => undefined,
    });
    return { inviteId, invite: invite.text, expiresMs: expiresAtMs };
  }

  listEvents(request: ListEventsRequest, call: AuthenticatedCall): AsyncIterable<ListEventsResponse> {
    return listEvents(this.#options.log, request, call.signal);
  }

  async getEvent(request: GetEventRequest): Promise<GetEventResponse> {
    const { log } = this.#options;
    if (request.sequence < 1 || request.sequence > log.head.sequence) {
      throw new CollectiveError('NOT_FOUND', `There is no event ${request.sequence}; the last one is ${log.head.sequence}.`);
    }
    for await (const { header, events } of log.read({ fromSequence: request.sequence, toSequence: request.sequence })) {
      const event = events.find(({ envelope }) => envelope.position.sequence === request.sequence);
      if (event !== undefined) return { event: eventInfo(event, header.firstSequence) };
    }
    return { event: undefined };
  }

  verifyLog(_request: VerifyLogRequest, call: AuthenticatedCall): AsyncIterable<VerifyLogResponse> {
    return this.#options.audit.verify(call.signal);
  }

  replayLog(_request: ReplayLogRequest, call: AuthenticatedCall): AsyncIterable<ReplayLogResponse> {
    return this.#options.audit.replay(call.signal);
  }

  listClients(_request: ListClientsRequest, call: AuthenticatedCall): Promise<ListClientsResponse> {
    return this.#options.revocation.listClients(call);
  }

  revokeCertificates(request: RevokeCertificatesRequest, call: AuthenticatedCall): Promise<RevokeCertificatesResponse> {
    return this.#options.revocation.revoke(request, call);
  }

  removeNode(request: RemoveNodeRequest, call: AuthenticatedCall): Promise<RemoveNodeResponse> {
    return this.#options.revocation.removeNode(request, call);
  }

  prepareRotation(request: PrepareRotationRequest): Promise<PrepareRotationResponse> {
    return this.#options.rotation.prepare(request);
  }

  commitRotation(request: CommitRotationRequest, call: AuthenticatedCall): Promise<CommitRotationResponse> {
    return this.#options.rotation.commit(request, call);
  }
}
