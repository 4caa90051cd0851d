import { CollectiveError, fail, type InviteId, isNodeId, LIMITS, ok } from '../base/index.js';
import type { CertificateIssued, CollectiveEvent, InviteIssued } from '../events/index.js';
import type { CertificatesReader, InvitesReader, NodesReader } from '../projections/index.js';
import { revoked } from './certificate-decisions.js';
import type { Decision, DecisionContext } from './decision.js';
import { nodeNamed } from './node-decisions.js';

const LABEL = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;

/** Names of nodes and clients: what people type and read in tables. Error: NAME_INVALID. */
export function checkLabel(name: string): Decision {
  if (LABEL.test(name) && name.length <= LIMITS.labelBytes) return ok([]);
  return fail(
    new CollectiveError('NAME_INVALID', `${JSON.stringify(name.slice(0, LIMITS.labelBytes))} cannot be a name.`, {
      next: `Use 1 to ${LIMITS.labelBytes} lower-case letters, digits, dots and dashes, such as attic-nas.`,
    }),
  );
}

/** A new one-time invite. `invite` is what the secret's maker keeps of it. */
export function decideIssueInvite(
  invite: InviteIssued,
  views: { readonly invites: InvitesReader; readonly nodes: NodesReader },
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  if (invite.name !== '') {
    const checked = checkLabel(invite.name);
    if (!checked.ok) return checked;
    if (invite.kind === 'node' && nodeNamed(invite.name, views.nodes) !== undefined) return nameTaken(invite.name);
  }
  if (invite.expiresAtMs <= context.nowMs) {
    return fail(new CollectiveError('REQUEST_INVALID', 'The invite would have expired already.'));
  }
  const open = views.invites.open(context.nowMs, LIMITS.openInvites);
  if (open.rows.length >= LIMITS.openInvites) {
    return fail(
      new CollectiveError('LIMIT_EXCEEDED', `${LIMITS.openInvites} invites are open already.`, {
        next: 'Wait until some have been used or have expired.',
      }),
    );
  }
  return ok([invite]);
}

/** An invite is used: it closes, and the certificate (of a node: the node too) goes on record with it. */
export function decideRedeemInvite(
  redeeming: { readonly inviteId: InviteId; readonly certificate: CertificateIssued },
  views: { readonly invites: InvitesReader; readonly nodes: NodesReader },
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  const { inviteId, certificate } = redeeming;
  const usable = usableInvite(inviteId, views.invites, context.nowMs);
  if (!usable.ok) return usable;
  const checked = checkLabel(certificate.name);
  if (!checked.ok) return checked;
  const events: CollectiveEvent[] = [certificate];
  if (certificate.role === 'node') {
    const { nodes } = views;
    if (nodeNamed(certificate.name, nodes) !== undefined) return nameTaken(certificate.name);
    if (nodes.all().length >= LIMITS.nodes) {
      return fail(new CollectiveError('LIMIT_EXCEEDED', `There are ${LIMITS.nodes} nodes already.`));
    }
    if (nodes.everCount() >= LIMITS.nodesEver) {
      return fail(new CollectiveError('LIMIT_EXCEEDED', `${LIMITS.nodesEver} nodes have joined this member already.`));
    }
    if (!isNodeId(certificate.subjectId)) return fail(new CollectiveError('REQUEST_INVALID', 'The certificate names no node.'));
    events.push({ type: 'NodeRegistered', nodeId: certificate.subjectId, name: certificate.name });
  }
  return ok([...events, { type: 'InviteRedeemed', inviteId, fingerprint: certificate.fingerprint }]);
}

/** Too many wrong proofs burn an invite. */
export function decideBurnInvite(inviteId: InviteId, invites: InvitesReader): Decision {
  return invites.get(inviteId)?.state === 'open' ? ok([{ type: 'InviteRevoked', inviteId, reason: 'wrong-tries' }]) : ok([]);
}

/** Refuses an invite that is unknown, used, burnt or expired, each with its own sentence. Error: INVITE_INVALID. */
export function usableInvite(inviteId: InviteId, invites: InvitesReader, nowMs: number): Decision {
  const row = invites.get(inviteId);
  if (row === undefined) return refuse('This coordinator has not issued that invite.');
  if (row.state === 'redeemed') return refuse('The invite has been used already; each works once.');
  if (row.state === 'revoked') return refuse('The invite was burnt after too many wrong tries.');
  return row.expiresAtMs <= nowMs ? refuse('The invite has expired.') : ok([]);
}

const refuse = (message: string): Decision =>
  fail(new CollectiveError('INVITE_INVALID', message, { next: 'Ask for a new invite.' }));

const nameTaken = (name: string): Decision =>
  fail(new CollectiveError('ALREADY_EXISTS', `There is a node called ${name} already.`, { next: 'Choose another with --name.' }));

/**
 * The same key asks again, because the first answer was lost: it gets another certificate for the same name. Error:
 * CERTIFICATE_REVOKED.
 */
export function decideReissue(
  certificate: CertificateIssued,
  { certificates }: { readonly certificates: CertificatesReader },
): Decision {
  const { role, subjectId } = certificate;
  return certificates.revocation(role, subjectId) === undefined ? ok([certificate]) : fail(revoked(role, subjectId));
}
