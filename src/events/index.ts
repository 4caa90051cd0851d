export type {
  AttributesChanged,
  CertificateIssued,
  CollectiveEvent,
  CollectiveFounded,
  CoordinatorEndpointsChanged,
  CopiesLost,
  CopiesRecorded,
  DirectoryCreated,
  EntryMoved,
  EntryRemoved,
  EventType,
  Extent,
  ExtentsRecorded,
  FileCommitted,
  FileCreated,
  FileTime,
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
} from './catalogue/index.js';
export {
  parseBlock,
  verifyBlock,
  type BlockExpectation,
  type BlockHeader,
  type ChainTools,
  type ParsedBlock,
  type StoredBlock,
} from './chain/index.js';
export { eventCodec, extentListIdOf, type EncodedEvent, type EventCodec } from './codec/index.js';
export type { Actor, Envelope, EventDraft, Head, LogPosition, RecordedEvent, RequestRef } from './event.js';
export {
  createLog,
  openLog,
  openLogForReading,
} from './log/open.js';
export { verifyLog } from './log/verify-log.js';
export type {
  BlockBuilder,
  EventLog,
  LogOptions,
  LogReader,
  LogReadingOptions,
  LogRecovery,
  LogVerification,
  ReadOptions,
} from './log/types.js';
