import type { CertificateIssued, CertificateRevoked, InviteIssued, InviteRedeemed, InviteRevoked } from './certificates.js';
import type {
  AttributesChanged,
  DirectoryCreated,
  EntriesPurged,
  EntryLinked,
  EntryMoved,
  EntryRemoved,
  FileCommitted,
  FileCreated,
  SymlinkCreated,
  VersionsPurged,
} from './files.js';
import type {
  CollectiveFounded,
  CoordinatorEndpointsChanged,
  EpochStarted,
  LogKeyRotated,
  MemberCaRotated,
  WitnessesChanged,
} from './members.js';
import type {
  NodeBecameUnreachable,
  NodeCapacityChanged,
  NodeDecommissioned,
  NodeEndpointsChanged,
  NodeRecovered,
  NodeRegistered,
} from './nodes.js';
import type {
  LogForkDetected,
  MemberAdmitted,
  MemberApplied,
  MemberRefused,
  MemberReinstated,
  MemberRemoved,
  MemberRenamed,
  MemberSuspended,
} from './peers.js';
import type {
  ForeignCopiesAccepted,
  ForeignCopiesLost,
  ForeignCopiesMoved,
  ForeignCopiesReleased,
  GrantGiven,
  GrantWithdrawn,
  PledgeChanged,
  PolicySet,
} from './sharing.js';
import type { CopiesLost, CopiesRecorded, ExtentsRecorded, UploadAbandoned, UploadCompleted, UploadOpened } from './uploads.js';

/** Every past fact that a log can hold. Names are never renamed; a changed shape gets a new version and an upcaster. */
export type CollectiveEvent =
  | CollectiveFounded
  | CoordinatorEndpointsChanged
  | LogKeyRotated
  | MemberCaRotated
  | EpochStarted
  | WitnessesChanged
  | CertificateIssued
  | CertificateRevoked
  | InviteIssued
  | InviteRedeemed
  | InviteRevoked
  | NodeRegistered
  | NodeEndpointsChanged
  | NodeCapacityChanged
  | NodeBecameUnreachable
  | NodeRecovered
  | NodeDecommissioned
  | UploadOpened
  | UploadCompleted
  | UploadAbandoned
  | ExtentsRecorded
  | CopiesRecorded
  | CopiesLost
  | DirectoryCreated
  | FileCreated
  | SymlinkCreated
  | FileCommitted
  | EntryMoved
  | EntryRemoved
  | EntryLinked
  | VersionsPurged
  | EntriesPurged
  | AttributesChanged
  | MemberApplied
  | MemberAdmitted
  | MemberRefused
  | MemberRenamed
  | MemberSuspended
  | MemberReinstated
  | MemberRemoved
  | LogForkDetected
  | GrantGiven
  | GrantWithdrawn
  | PledgeChanged
  | PolicySet
  | ForeignCopiesAccepted
  | ForeignCopiesMoved
  | ForeignCopiesReleased
  | ForeignCopiesLost;

export type EventType = CollectiveEvent['type'];

export type {
  AttributesChanged,
  CertificateIssued,
  CertificateRevoked,
  CollectiveFounded,
  CoordinatorEndpointsChanged,
  CopiesLost,
  CopiesRecorded,
  DirectoryCreated,
  EntriesPurged,
  EntryLinked,
  EntryMoved,
  EntryRemoved,
  EpochStarted,
  ExtentsRecorded,
  FileCommitted,
  FileCreated,
  ForeignCopiesAccepted,
  ForeignCopiesLost,
  ForeignCopiesMoved,
  ForeignCopiesReleased,
  GrantGiven,
  GrantWithdrawn,
  InviteIssued,
  InviteRedeemed,
  InviteRevoked,
  LogForkDetected,
  LogKeyRotated,
  MemberAdmitted,
  MemberApplied,
  MemberCaRotated,
  MemberRefused,
  MemberReinstated,
  MemberRemoved,
  MemberRenamed,
  MemberSuspended,
  NodeBecameUnreachable,
  NodeCapacityChanged,
  NodeDecommissioned,
  NodeEndpointsChanged,
  NodeRecovered,
  NodeRegistered,
  PledgeChanged,
  PolicySet,
  SymlinkCreated,
  UploadAbandoned,
  UploadCompleted,
  UploadOpened,
  VersionsPurged,
  WitnessesChanged,
};
export type { CopyHolder, Extent } from './uploads.js';
export type { GrantRight, Spread } from './sharing.js';
export type { FileTime, PurgeReason } from './files.js';
