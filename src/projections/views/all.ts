import type { CollectiveEvent } from '../../events/index.js';
import type { Bind, ViewInfo } from '../rows/table.js';
import { certificatesView, type CertificatesReader } from './certificates.js';
import { extentsView, type ExtentsReader } from './extents.js';
import { foreignCopiesView, type ForeignCopiesReader } from './foreign-copies.js';
import { forksView, type ForksReader } from './forks.js';
import { grantsView, type GrantsReader } from './grants.js';
import { invitesView, type InvitesReader } from './invites.js';
import { membersView, type MembersReader } from './members.js';
import type { NamespaceReader } from './namespace/reader.js';
import { namespaceView } from './namespace/view.js';
import { nodesView, type NodesReader } from './nodes.js';
import { peersView, type PeersReader } from './peers.js';
import { placementView, type PlacementReader } from './placement.js';
import { pledgesView, type PledgesReader } from './pledges.js';
import { policiesView, type PoliciesReader } from './policies.js';
import { referencesView, type ReferencesReader } from './references.js';
import { requestsIndex, type RequestsIndex, type RequestsReader } from './requests.js';
import { uploadsView, type UploadsReader } from './uploads.js';
import { usageView, type UsageReader } from './usage.js';
import type { EventFacts } from './view.js';
import { witnessesView, type WitnessesReader } from './witnesses.js';

/** Everything that is known of one origin, as its log stood at one position. Valid only inside the function that got it. */
export interface Views {
  readonly members: MembersReader;
  readonly certificates: CertificatesReader;
  readonly invites: InvitesReader;
  readonly nodes: NodesReader;
  readonly namespace: NamespaceReader;
  readonly extents: ExtentsReader;
  readonly uploads: UploadsReader;
  readonly placement: PlacementReader;
  readonly references: ReferencesReader;
  readonly usage: UsageReader;
  readonly requests: RequestsReader;
  readonly witnesses: WitnessesReader;
  readonly peers: PeersReader;
  readonly grants: GrantsReader;
  readonly policies: PoliciesReader;
  readonly pledges: PledgesReader;
  readonly foreignCopies: ForeignCopiesReader;
  readonly forks: ForksReader;
}

export interface Projections {
  readonly infos: readonly ViewInfo[];
  readonly views: Views;
  readonly requests: RequestsIndex;
  /** `event` undefined: of a type or version that this program does not know; only its envelope counts. */
  apply(event: CollectiveEvent | undefined, facts: EventFacts): void;
}

/** All views over the tables of one origin. */
export function projections(bind: Bind): Projections {
  const requests = requestsIndex(bind);
  const usage = usageView(bind);
  const members = membersView(bind);
  const certificates = certificatesView(bind);
  const invites = invitesView(bind);
  const nodes = nodesView(bind);
  const uploads = uploadsView(bind);
  const extents = extentsView(bind);
  const references = referencesView(bind, extents.read);
  const namespace = namespaceView(bind, { extents: extents.read, uploads: uploads.read });
  const witnesses = witnessesView(bind);
  const peers = peersView(bind, members.read);
  const grants = grantsView(bind, { peers: peers.read, namespace: namespace.read });
  const policies = policiesView(bind, namespace.read);
  const pledges = pledgesView(bind, peers.read);
  const foreignCopies = foreignCopiesView(bind, { nodes: nodes.read, peers: peers.read });
  const forks = forksView(bind);
  const placement = placementView(bind, {
    nodes: nodes.read,
    peers: peers.read,
    certificates: certificates.read,
    uploads: uploads.read,
    usage,
  });
  // References ask whether a list is new, so they come before extents.
  const basic = [members, witnesses, certificates, invites, nodes, uploads, references, extents, namespace, placement];
  const inOrder = [...basic, peers, grants, policies, pledges, foreignCopies, forks];
  return {
    infos: [...inOrder, usage, requests].map(({ info }) => info).sort((left, right) => left.id - right.id),
    requests,
    views: {
      members: members.read,
      certificates: certificates.read,
      invites: invites.read,
      nodes: nodes.read,
      namespace: namespace.read,
      extents: extents.read,
      uploads: uploads.read,
      placement: placement.read,
      references: references.read,
      usage: usage.read,
      requests: requests.read,
      witnesses: witnesses.read,
      peers: peers.read,
      grants: grants.read,
      policies: policies.read,
      pledges: pledges.read,
      foreignCopies: foreignCopies.read,
      forks: forks.read,
    },
    apply(event, facts) {
      requests.note(facts);
      if (event === undefined) return;
      for (const view of inOrder) view.apply(event, facts);
    },
  };
}
