import { accept, CollectiveError, type ClientId, type NodeId } from '../../src/base/index.js';
import {
  checkInviteProof,
  createInvite,
  createSigner,
  issueLeaf,
  openCertificateRequest,
  openKeyPair,
  proveEnrolmentAnswer,
  type InviteKind,
  type OwnCredentials,
  type PeerName,
} from '../../src/identity/index.js';
import type { RedeemRequest, RedeemResponse } from '../../src/transport/index.js';
import { hasher, type TestMember, verifier } from '../unit/identity/support.js';

export interface TestInvites {
  issue(kind: InviteKind, endpoints: readonly string[]): string;
  /** What an enrolment service does; `spoil` changes its answer before it is sent. */
  redeem(request: RedeemRequest): Promise<RedeemResponse>;
  readonly redemptions: number;
}

/** Invites of a member whose coordinator is `own`, as an honest coordinator keeps and redeems them. */
export function createInvites(
  member: TestMember,
  own: OwnCredentials,
  options: { readonly homeEndpoints: () => readonly string[]; readonly spoil?: (answer: RedeemResponse) => RedeemResponse },
): TestInvites {
  const open = new Map<string, { readonly kind: InviteKind; readonly secretHash: Uint8Array }>();
  let redemptions = 0;
  return {
    get redemptions() {
      return redemptions;
    },
    issue(kind, endpoints) {
      const fields = {
        kind,
        memberId: member.memberId,
        caSha256: member.ca.sha256,
        expiresAtMs: Date.now() + 3_600_000,
        endpoints,
      };
      const { text, inviteId, secretHash } = accept(createInvite(fields, { random: member.random, hasher }));
      open.set(inviteId, { kind, secretHash });
      return text;
    },
    async redeem(request) {
      redemptions += 1;
      const invite = open.get(request.inviteId);
      const exchange = {
        inviteId: request.inviteId as Parameters<typeof checkInviteProof>[1]['inviteId'],
        serverLeaf: own.leaf,
        certificateRequest: request.certificateRequest,
        nonce: request.nonce,
      };
      if (
        invite === undefined ||
        !checkInviteProof(request.proof, exchange, { secretHash: invite.secretHash, hasher, verifier })
      ) {
        throw new CollectiveError('INVITE_INVALID', 'This invite was used, or never issued.');
      }
      open.delete(request.inviteId);
      const name = nameFor(member, invite.kind);
      const certificate = await issueLeaf({
        ca: member.ca,
        caKeys: member.caKeys,
        name,
        publicKey: accept(await openCertificateRequest(request.certificateRequest)),
        nowMs: Date.now(),
        random: member.random,
      });
      const answer = { certificate, caCertificate: member.ca.der };
      const signer = createSigner(accept(openKeyPair(own.privateKeyPem, hasher)));
      const response = {
        ...answer,
        subjectId: name.role === 'node' ? name.nodeId : name.clientId,
        name: request.name,
        memberId: member.memberId,
        memberName: 'alice',
        homeEndpoints: options.homeEndpoints(),
        proof: proveEnrolmentAnswer(request.proof, exchange, answer, { signer, hasher }),
      };
      return options.spoil?.(response) ?? response;
    },
  };
}

type Joined = Exclude<PeerName, { readonly role: 'coordinator' }>;

const nameFor = ({ memberId }: TestMember, kind: InviteKind): Joined =>
  kind === 'node'
    ? { role: 'node', memberId, nodeId: 'joinednodejoined' as NodeId }
    : { role: 'client', memberId, clientId: 'joinedclientjoin' as ClientId };
