export {
  CollectiveClient,
  type ClientOptions,
  type GetOptions,
  type GetReport,
  type PutOptions,
  type TransferOptions,
  type WriteOptions,
} from './client.js';
export type { AwayTree } from './calls/known-trees.js';
export type { AdminCalls, EventQuery } from './calls/admin-calls.js';
export type { CopiesCalls } from './calls/copies-calls.js';
export type { GrantCalls } from './calls/grant-calls.js';
export type { PeerCalls } from './calls/peer-calls.js';
export type { MemberCalls, StoppedMember } from './calls/member-calls.js';
export type { EntryWithUsage, FilesCalls } from './calls/files-calls.js';
export type {
  CopyReport,
  DeletedThing,
  FileProtection,
  FindOptions,
  KeptVersion,
  Located,
  Past,
  RemoteTree,
} from './trees/remote-tools.js';

export type { BoundFolders, HolderInfo, LocatedChunk, TreeUsage } from '../transport/index.js';
export type { EventInfo, GrantInfo, MemberDetails, MemberGrant, MemberInfo, PledgeInfo, PolicyInfo } from '../transport/index.js';
export type { ChunkWait } from './download/chunk-fetcher.js';
export type { DownloadReport } from './download/downloader.js';
export type { Entry } from './entry.js';
export { fileProblem } from './local/file-problem.js';
export type {
  FileTime,
  LocalAttributes,
  LocalEntry,
  LocalFiles,
  LocalName,
  LocalReader,
  LocalWriter,
} from './local/local-files.js';
export type { NodeChannel, NodeRight, OpenNodeChannel } from './nodes/node-channel.js';
export { createNodeDialler, type NodeDiallerOptions } from './nodes/node-dialler.js';
export type { TransferProgress, UploadFailure, UploadReport } from './upload/upload-item.js';
export type { SyncRequest } from './sync/planner.js';
export type { SyncReport } from './sync/run-sync.js';
export type { SyncPlan } from './sync/sync-plan.js';
export type { SyncAction } from './sync/tree-comparison.js';
