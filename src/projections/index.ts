export { compareViews, type ViewComparison, type ViewVerification } from './host/compare-views.js';
export type { Transacted, Transaction, ViewState } from './host/origin-host.js';
export type { InvalidEvent } from './host/runner.js';
export type { ViewSnapshot } from './host/snapshot.js';
export type { StateMark, ViewMark } from './host/state-marks.js';
export { ViewHost, type ViewHostOptions } from './host/view-host.js';
export type { Page } from './rows/table.js';
export type { Views } from './views/all.js';
export type { CertificateRole, CertificateRow, CertificatesReader, Revocation, Subject } from './views/certificates.js';
export { chunkBytesOf, type ExtentListRow, type ExtentsReader } from './views/extents.js';
export type {
  ForeignChunkKey,
  ForeignChunkRow,
  ForeignCopiesReader,
  ForeignNodeRow,
  ForeignTotalsRow,
} from './views/foreign-copies.js';
export type { ForkKey, ForkRow, ForksReader } from './views/forks.js';
export type { GrantRow, GrantsReader } from './views/grants.js';
export type { InviteRow, InvitesReader } from './views/invites.js';
export type { MemberRow, MembersReader, PreviousCaRow } from './views/members.js';
export type { DeletedKey, NamespaceReader, Walk } from './views/namespace/reader.js';
export type { DeletedRow, EntryRow, FileKind, FileRow, PurgedCounts, TreeCounts, VersionRow } from './views/namespace/rows.js';
export type { FullnessPercent, NodeRow, NodesReader } from './views/nodes.js';
export type { PeerRow, PeersReader, PeerState } from './views/peers.js';
export type { PlacementReader, PlacementRow } from './views/placement.js';
export type { ChunkReferencesRow, ListReferencesRow, ReferencesReader } from './views/references.js';
export type { PledgeRow, PledgesReader } from './views/pledges.js';
export type { PoliciesReader, PolicyRow } from './views/policies.js';
export type { RequestRow, RequestsReader } from './views/requests.js';
export type { UploadRow, UploadsReader } from './views/uploads.js';
export type { EpochRow, WitnessesReader, WitnessesRow } from './views/witnesses.js';
export type { HolderUsageRow, TotalsRow, UsageReader } from './views/usage.js';
