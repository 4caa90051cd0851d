import { accept, assert, CollectiveError, isNodeId, LIMITS, utf8 } from '../../base/index.js';
import { decideRemoveNode, decideRevoke, revoked, subjectNamed } from '../../domain/index.js';
import type { Clock, Hasher, Logger } from '../../ports/index.js';
import type { Subject, ViewHost } from '../../projections/index.js';
import type {
  AuthenticatedCall,
  ListClientsResponse,
  OpenCall,
  RemoveNodeRequest,
  RemoveNodeResponse,
  RevokeCertificatesRequest,
  RevokeCertificatesResponse,
} from '../../transport/index.js';
import { clientCaller } from '../caller.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { RevocableRole, Revocations } from './revocations.js';
import type { TrustDesk } from './trust-desk.js';
import type { UnrecordedLeaves } from './unrecorded-leaves.js';

export interface RevocationDeskOptions {
  readonly commands: CommandLoop;
  readonly views: ViewHost;
  readonly registry: NodeRegistry;
  readonly revocations: Revocations;
  readonly unrecorded: UnrecordedLeaves;
  readonly trust: TrustDesk;
  /** Ends open calls at the home port. */
  readonly closeCalls: (matches: (call: OpenCall) => boolean, error: CollectiveError) => number;
  /** Copies of a node do not count any more from now on. */
  readonly onNodeGone: () => void;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly logger: Logger;
}

/** Takes certificates back: on record first, then in every call that is open or to come, here and at the nodes. */
export class RevocationDesk {
  readonly #options: RevocationDeskOptions;

  constructor(options: RevocationDeskOptions) {
    this.#options = options;
  }

  async listClients(call: AuthenticatedCall): Promise<ListClientsResponse> {
    const { clientId } = clientCaller(call.caller);
    const clients = await this.#options.views.run(({ certificates }) => certificates.subjects('client'));
    return { clients: clients.map((client) => clientInfo(client, clientId)) };
  }

  async revoke(request: RevokeCertificatesRequest, call: AuthenticatedCall): Promise<RevokeCertificatesResponse> {
    const { views, commands, hasher } = this.#options;
    const { role, note, force } = request;
    if (role !== 'node' && role !== 'client') {
      throw new CollectiveError('REQUEST_INVALID', 'Certificates of nodes and clients can be revoked.');
    }
    if (utf8(note).length > LIMITS.noteBytes) {
      throw new CollectiveError('REQUEST_INVALID', `A note has at most ${LIMITS.noteBytes} bytes.`);
    }
    const content = { role, subject: request.subject, note, force };
    const ref = requestRef({ requestId: request.requestId, method: 'revokeCertificates', content }, hasher);
    const { subjectId, name } = await views.run((all) => accept(subjectNamed(role, request.subject, all)));
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: ref,
      decide: (all, context) => decideRevoke({ role, subjectId, note, force }, all, context),
      answer: () => undefined,
    });
    const cutCalls = await this.#enforce(role, subjectId);
    const { sequence, copies } = await views.run((all) => ({
      sequence: all.certificates.revocation(role, subjectId)?.sequence ?? 0,
      copies: isNodeId(subjectId) ? all.usage.node(subjectId).chunks : 0,
    }));
    return { subjectId, name, sequence, cutCalls, copies };
  }

  async removeNode(request: RemoveNodeRequest, call: AuthenticatedCall): Promise<RemoveNodeResponse> {
    const { views, commands, registry, hasher } = this.#options;
    const { force } = request;
    const content = { node: request.node, force };
    const ref = requestRef({ requestId: request.requestId, method: 'removeNode', content }, hasher);
    const { subjectId: nodeId, name } = await views.run((all) => accept(subjectNamed('node', request.node, all)));
    assert(isNodeId(nodeId), 'nodes are named by their ids');
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: ref,
      decide: (all) => decideRemoveNode({ nodeId, force, present: registry.presence(nodeId) !== 'offline' }, all),
      answer: () => undefined,
    });
    await this.#enforce('node', nodeId);
    return { nodeId, name, copies: await views.run(({ usage }) => usage.node(nodeId).chunks) };
  }

  /** Ends the calls of those whose certificates have all ended: an open stream outlives the certificate that it was opened with. */
  async cutLapsed(): Promise<void> {
    const { clock, views, unrecorded, closeCalls } = this.#options;
    const nowMs = clock.nowMs();
    const living = await views.run(({ certificates }) => {
      const subjects = [...certificates.subjects('node'), ...certificates.subjects('client')];
      const newest = subjects.map((subject) => subject.newest).filter((row) => row !== undefined);
      return new Set([...newest, ...unrecorded.waiting].filter(({ notAfterMs }) => notAfterMs >= nowMs).map(keyOf));
    });
    const lapsed = new CollectiveError(
      'CERTIFICATE_INVALID',
      'The certificate that this call was opened with has expired, and was not renewed.',
      {
        next: 'See why it could not be renewed, and compare the clocks of both machines.',
      },
    );
    closeCalls(({ caller }) => {
      if (caller === undefined || caller.role === 'coordinator' || caller.notAfterMs >= nowMs) return false;
      return !living.has(`${caller.role}/${caller.role === 'node' ? caller.nodeId : caller.clientId}`);
    }, lapsed);
  }

  async #enforce(role: RevocableRole, subjectId: string): Promise<number> {
    const { views, revocations, registry, trust, closeCalls, onNodeGone, logger } = this.#options;
    const revocation = await views.run(({ certificates }) => certificates.revocation(role, subjectId));
    if (revocation === undefined) return 0;
    revocations.add(role, subjectId, revocation.sequence);
    const error = revoked(role, subjectId);
    const cut = closeCalls(({ caller }) => caller !== undefined && isOf(caller, role, subjectId), error);
    if (isNodeId(subjectId) && role === 'node') registry.session(subjectId)?.close(error);
    logger.warn('certificates revoked', { role, subjectId, cutCalls: cut });
    await trust.changed();
    if (role === 'node') onNodeGone();
    return cut;
  }
}

const keyOf = ({ role, subjectId }: Pick<Subject, 'role' | 'subjectId'>): string => `${role}/${subjectId}`;

const isOf = (caller: NonNullable<OpenCall['caller']>, role: RevocableRole, subjectId: string): boolean =>
  role === 'node'
    ? caller.role === 'node' && caller.nodeId === subjectId
    : caller.role === 'client' && caller.clientId === subjectId;

function clientInfo({ subjectId, newest, revocation }: Subject, self: string): ListClientsResponse['clients'][number] {
  return {
    clientId: subjectId,
    name: newest?.name ?? '',
    issuedMs: newest?.issuedMs ?? 0,
    expiresMs: newest?.notAfterMs ?? 0,
    revokedMs: revocation?.revokedMs ?? 0,
    note: revocation?.note ?? '',
    self: subjectId === self,
  };
}
