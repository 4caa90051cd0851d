import { CollectiveError, fail, LIMITS, type NodeId, ok, type Result } from '../base/index.js';
import type { CertificateIssued, CertificateRevoked, CollectiveEvent, MemberCaRotated } from '../events/index.js';
import type { CertificatesReader, NodesReader, Subject } from '../projections/index.js';
import type { Decision, DecisionContext } from './decision.js';
import { nodeNamed } from './node-decisions.js';

type RevocableRole = CertificateRevoked['role'];

interface CertificateViews {
  readonly certificates: CertificatesReader;
  readonly nodes: NodesReader;
}

/**
 * Another certificate for somebody who has one, after `before`: those of the same that are in use and not on record, the oldest
 * first. Errors: CERTIFICATE_REVOKED, NOT_FOUND.
 */
export function decideRenewal(
  certificate: CertificateIssued,
  views: Pick<CertificateViews, 'certificates'>,
  before: readonly CertificateIssued[] = [],
): Decision {
  const { certificates } = views;
  const { role, subjectId } = certificate;
  if (certificates.of(role, subjectId).length === 0) {
    return fail(new CollectiveError('NOT_FOUND', `No certificate of ${role} ${subjectId} is on record.`));
  }
  if (certificates.revocation(role, subjectId) !== undefined) return fail(revoked(role, subjectId));
  return decideOnRecord([...before, certificate], views);
}

/** Certificates that are in use already: without those on record, and those of who is not on record or was revoked meanwhile. */
export const decideOnRecord = (
  leaves: readonly CertificateIssued[],
  { certificates }: Pick<CertificateViews, 'certificates'>,
): Decision =>
  ok(
    leaves.filter(
      ({ fingerprint, role, subjectId }) =>
        certificates.byFingerprint(fingerprint) === undefined &&
        certificates.of(role, subjectId).length > 0 &&
        certificates.revocation(role, subjectId) === undefined,
    ),
  );

/** What a revoked client or node is told, wherever it shows up. */
export const revoked = (role: string, subjectId: string): CollectiveError =>
  new CollectiveError('CERTIFICATE_REVOKED', `The certificates of ${role} ${subjectId} were revoked.`, {
    next:
      role === 'node'
        ? 'It cannot come back under this identity. Join as a new node: collective node invite, then collective node join into an empty folder.'
        : 'It cannot come back under this identity. Ask for a new invite, and use it with: collective login',
    details: { role, id: subjectId },
  });

/** Whom an id or name means. Errors: NOT_FOUND; REQUEST_INVALID where several clients have that name. */
export function subjectNamed(
  role: RevocableRole,
  text: string,
  views: CertificateViews,
): Result<{ readonly subjectId: string; readonly name: string }, CollectiveError> {
  if (role === 'node') {
    const nodeId = nodeNamed(text, views.nodes);
    const row = nodeId === undefined ? undefined : views.nodes.get(nodeId);
    if (nodeId !== undefined && row !== undefined) return ok({ subjectId: nodeId, name: row.name });
    return fail(unknown(role, text, 'collective node list'));
  }
  const clients = views.certificates.subjects('client');
  const byId = clients.find(({ subjectId }) => subjectId === text);
  const named = clients.filter(({ newest }) => newest?.name === text);
  const living = named.filter(({ revocation }) => revocation === undefined);
  const [first, second] = byId !== undefined ? [byId] : living.length > 0 ? living : named;
  if (first === undefined) return fail(unknown(role, text, 'collective client list'));
  if (second !== undefined) {
    return fail(
      new CollectiveError('REQUEST_INVALID', `Several clients are called ${text}.`, {
        next: 'Name the one you mean by its id: collective client list',
        details: { ids: living.map(({ subjectId }) => subjectId) },
      }),
    );
  }
  return ok({ subjectId: first.subjectId, name: first.newest?.name ?? '' });
}

const unknown = (role: RevocableRole, text: string, next: string): CollectiveError =>
  new CollectiveError('NOT_FOUND', `There is no ${role} called ${JSON.stringify(text.slice(0, LIMITS.labelBytes))}.`, {
    next: `See which there are: ${next}`,
  });

/**
 * Every certificate of a subject is refused from now on; none where that is so already. Errors: NOT_FOUND; PERMISSION_DENIED
 * for the last client, which only `force` gives up; LIMIT_EXCEEDED for more than nodes can be told.
 */
export function decideRevoke(
  revoking: Pick<CertificateRevoked, 'role' | 'subjectId' | 'note'> & { readonly force: boolean },
  views: CertificateViews,
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  const { role, subjectId, note, force } = revoking;
  const { certificates } = views;
  if (certificates.revocation(role, subjectId) !== undefined) return ok([]);
  if (certificates.of(role, subjectId).length === 0) return fail(unknown(role, subjectId, `collective ${role} list`));
  if (role === 'client') {
    const clients = certificates.subjects('client');
    const others = clients.filter((client) => client.subjectId !== subjectId && canComeBack(client, context.nowMs));
    if (others.length === 0 && !force) {
      return fail(
        new CollectiveError(
          'PERMISSION_DENIED',
          'It is the last client of this member: without it nobody could do anything any more.',
          {
            next: 'Make another client first: collective client invite. To revoke it all the same: --force',
          },
        ),
      );
    }
    if (revokedClients(clients, context.nowMs).length >= LIMITS.revocationsListed) {
      return fail(
        new CollectiveError(
          'LIMIT_EXCEEDED',
          `${LIMITS.revocationsListed} clients are revoked whose certificates have not ended yet.`,
          {
            next: 'Replace the CA, which ends all certificates: collective coordinator rotate ca',
          },
        ),
      );
    }
  }
  return ok([{ type: 'CertificateRevoked', role, subjectId, note }]);
}

/** Whether it can do anything yet: it is not revoked, and its certificate is good or can be renewed. */
export const canComeBack = ({ revocation, newest }: Subject, nowMs: number): boolean =>
  revocation === undefined && newest !== undefined && nowMs < newest.notAfterMs + LIMITS.lapsedRenewalMs;

/** Those that a node must refuse by name: the certificates of the others have ended. */
export const revokedClients = (clients: readonly Subject[], nowMs: number): readonly string[] =>
  clients
    .filter(
      ({ revocation, newest }) =>
        revocation !== undefined && newest !== undefined && nowMs <= newest.notAfterMs + LIMITS.clockSkewMs,
    )
    .map(({ subjectId }) => subjectId);

/** A node is gone for good. Errors: NOT_FOUND; PERMISSION_DENIED while it is here, or has been and was not given up. */
export function decideRemoveNode(
  removing: { readonly nodeId: NodeId; readonly present: boolean; readonly force: boolean },
  views: CertificateViews,
): Decision {
  const { nodeId, present, force } = removing;
  const row = views.nodes.get(nodeId);
  if (row === undefined) return fail(unknown('node', nodeId, 'collective node list'));
  if (row.decommissioned) return ok([]);
  const isRevoked = views.certificates.revocation('node', nodeId) !== undefined;
  if (present && !isRevoked) {
    return fail(
      new CollectiveError('PERMISSION_DENIED', `Node ${row.name} is here now, and may hold copies that nobody else has.`, {
        next: `Stop it, and bring its chunks elsewhere; or give it up: collective node revoke ${row.name}`,
      }),
    );
  }
  if (row.endpoints.length > 0 && !isRevoked && !force) {
    return fail(
      new CollectiveError('PERMISSION_DENIED', `Node ${row.name} has been here, and may come back with its copies.`, {
        next: `If it never will: collective node remove ${row.name} --force`,
      }),
    );
  }
  const events: CollectiveEvent[] = isRevoked
    ? []
    : [{ type: 'CertificateRevoked', role: 'node', subjectId: nodeId, note: 'removed' }];
  return ok([...events, { type: 'NodeDecommissioned', nodeId }]);
}

/** Whether copies at this node still count. */
export const countsAsHolder = (nodeId: NodeId, { certificates, nodes }: CertificateViews): boolean =>
  certificates.revocation('node', nodeId) === undefined && nodes.get(nodeId)?.decommissioned !== true;

/** Another CA issues from now on. */
export const decideRotateCa = (rotation: Omit<MemberCaRotated, 'type'>): Decision =>
  ok([{ type: 'MemberCaRotated', ...rotation }]);
