import type { CertificateIssued, InviteIssued, InviteRedeemed, InviteRevoked } from './certificates.js';
import type {
  AttributesChanged,
  DirectoryCreated,
  EntryMoved,
  EntryRemoved,
  FileCommitted,
  FileCreated,
  SymlinkCreated,
} from './files.js';
import type { CollectiveFounded, CoordinatorEndpointsChanged } from './members.js';
import type { NodeBecameUnreachable, NodeCapacityChanged, NodeEndpointsChanged, NodeRecovered, NodeRegistered } from './nodes.js';
import type { CopiesLost, CopiesRecorded, ExtentsRecorded, UploadAbandoned, UploadCompleted, UploadOpened } from './uploads.js';

/** Every past fact that a log can hold. Names are never renamed; a changed shape gets a new version and an upcaster. */
export type CollectiveEvent =
  | CollectiveFounded
  | CoordinatorEndpointsChanged
  | CertificateIssued
  | InviteIssued
  | InviteRedeemed
  | InviteRevoked
  | NodeRegistered
  | NodeEndpointsChanged
  | NodeCapacityChanged
  | NodeBecameUnreachable
  | NodeRecovered
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
  | AttributesChanged;

export type EventType = CollectiveEvent['type'];

export type {
  AttributesChanged,
  CertificateIssued,
  CollectiveFounded,
  CoordinatorEndpointsChanged,
  CopiesLost,
  CopiesRecorded,
  DirectoryCreated,
  EntryMoved,
  EntryRemoved,
  ExtentsRecorded,
  FileCommitted,
  FileCreated,
  InviteIssued,
  InviteRedeemed,
  InviteRevoked,
  NodeBecameUnreachable,
  NodeCapacityChanged,
  NodeEndpointsChanged,
  NodeRecovered,
  NodeRegistered,
  SymlinkCreated,
  UploadAbandoned,
  UploadCompleted,
  UploadOpened,
};
export type { Extent } from './uploads.js';
export type { FileTime } from './files.js';
