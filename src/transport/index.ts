export {
  ChunkConnection,
  ChunkServer,
  type CallOptions as ChunkCallOptions,
  type ChunkConnectionOptions,
  type ChunkServerHandler,
  type ChunkServerOptions,
  type PresentedTicket,
  type ReceivingChunk,
  type TicketRights,
  type TicketSlot,
} from './chunk-protocol/index.js';
export {
  CertificateKeeper,
  type CertificateKeeperOptions,
  type CertificateKeeperWorld,
} from './certificates/certificate-keeper.js';
export type { KeyChoice, RenewedCertificate } from './certificates/renew-certificate.js';
export { renewingChannel } from './certificates/renewing-channel.js';
export { errorOfFailure, failureOf } from './failure.js';
export { AdminServiceDefinition } from './generated/collective/v1/admin.js';
export type {
  ClientInfo,
  CommitRotationRequest,
  CommitRotationResponse,
  EventInfo,
  Finding,
  GetEventRequest,
  GetEventResponse,
  GetNodeRequest,
  GetNodeResponse,
  GetStatusRequest,
  GetStatusResponse,
  IssueInviteRequest,
  IssueInviteResponse,
  ListClientsRequest,
  ListClientsResponse,
  ListEventsRequest,
  ListEventsResponse,
  ListNodesRequest,
  ListNodesResponse,
  LogStatus,
  NodeInfo,
  PrepareRotationRequest,
  PrepareRotationResponse,
  ProcessInfo,
  RemoveNodeRequest,
  RemoveNodeResponse,
  ReplayLogRequest,
  ReplayLogResponse,
  RevokeCertificatesRequest,
  RevokeCertificatesResponse,
  StorageInfo,
  UsageInfo,
  VerifyLogRequest,
  VerifyLogResponse,
  ViewComparison,
  ViewStatus,
} from './generated/collective/v1/admin.js';
export { CertificateServiceDefinition } from './generated/collective/v1/certificates.js';
export type { RenewRequest, RenewResponse } from './generated/collective/v1/certificates.js';
export { EntryKind } from './generated/collective/v1/common.js';
export type {
  ChunkRef,
  EntryInfo,
  Extent,
  Failure,
  FileTime,
  MemberTrust,
  NodeAccess,
  Receipt,
} from './generated/collective/v1/common.js';
export { EnrolmentServiceDefinition } from './generated/collective/v1/enrolment.js';
export type {
  IntroduceRequest,
  IntroduceResponse,
  RedeemRequest,
  RedeemResponse,
  RenewLapsedRequest,
  RenewLapsedResponse,
} from './generated/collective/v1/enrolment.js';
export { FilesServiceDefinition } from './generated/collective/v1/files.js';
export type {
  AttributeChange,
  ChunkPlacement,
  CloseUploadRequest,
  CloseUploadResponse,
  CommitFilesRequest,
  CommitFilesResponse,
  DamagedCopy,
  EntryOutcome,
  FileCommit,
  FileCommitOutcome,
  ListDirectoryRequest,
  ListDirectoryResponse,
  ListDeletedRequest,
  ListDeletedResponse,
  ListVersionsRequest,
  ListVersionsResponse,
  LocatedChunk,
  LocatedFile,
  LocateFilesRequest,
  LocateFilesResponse,
  HolderInfo,
  FindEntriesRequest,
  FindEntriesResponse,
  EntryCopy,
  DeletedInfo,
  CopyEntriesRequest,
  CopyEntriesResponse,
  MakeDirectoriesRequest,
  MakeDirectoriesResponse,
  MakeSymlinksRequest,
  MakeSymlinksResponse,
  MoveEntryRequest,
  MoveEntryResponse,
  NewDirectory,
  NewSymlink,
  OpenUploadRequest,
  OpenUploadResponse,
  PurgeEntryRequest,
  PurgeEntryResponse,
  PlaceChunksRequest,
  PlaceChunksResponse,
  PlacedExtent,
  ReadFile,
  ReadFilesRequest,
  ReadFilesResponse,
  ReadTarget,
  RecordExtentsRequest,
  RecordExtentsResponse,
  RemoveEntryRequest,
  RemoveEntryResponse,
  RestoreEntryRequest,
  RestoreEntryResponse,
  ReportDamageRequest,
  ReportDamageResponse,
  SetAttributesRequest,
  SetAttributesResponse,
  StatRequest,
  StatResponse,
  TreeUsage,
  VersionInfo,
} from './generated/collective/v1/files.js';
export { NodeSessionServiceDefinition } from './generated/collective/v1/node_session.js';
export type {
  AdmittedMember,
  CheckStoreOrder,
  DamagedChunk,
  InventoryOrder,
  SessionAnswer,
  SessionDamage,
  SessionHeartbeat,
  SessionHello,
  SessionInventory,
  SessionOrder,
  SessionRequest,
  SessionResponse,
  SessionTrust,
  SessionWelcome,
  VerifyOrder,
} from './generated/collective/v1/node_session.js';
export { MemberFilesServiceDefinition, PeerFilesServiceDefinition } from './generated/collective/v1/remote.js';
export type {
  ForwardForClientRequest,
  ForwardForClientResponse,
  ForwardRequest,
  ForwardResponse,
} from './generated/collective/v1/remote.js';
export { GrantServiceDefinition } from './generated/collective/v1/sharing.js';
export type {
  GiveGrantRequest,
  GiveGrantResponse,
  GrantInfo,
  ListGrantsRequest,
  ListGrantsResponse,
  WithdrawGrantRequest,
  WithdrawGrantResponse,
} from './generated/collective/v1/sharing.js';
export { PeerAdminServiceDefinition, PeerServiceDefinition } from './generated/collective/v1/peers.js';
export type {
  ListPeersRequest,
  ListPeersResponse,
  PeerBlocks,
  PeerForkProof,
  PeerFrontier,
  PeerHead,
  PeerHello,
  PeerInfo,
  PeerLogInfo,
  PeerMessage,
  PeerStateHashes,
  PeerStateMark,
  PeerViewState,
  PullRequest,
  PullResponse,
} from './generated/collective/v1/peers.js';
export { WitnessAdminServiceDefinition, WitnessServiceDefinition } from './generated/collective/v1/witness.js';
export type {
  BlocksPage,
  KeepRequest,
  KeepResponse,
  KeptHead,
  ListWitnessesRequest,
  ListWitnessesResponse,
  NameWitnessesRequest,
  NameWitnessesResponse,
  ReadBlocks,
  WitnessHello,
  WitnessInfo,
  WitnessSummary,
} from './generated/collective/v1/witness.js';
export {
  redeemInvite,
  type Redeemed,
  type RedeemOptions,
  type RedeemWorld,
} from './enrolment/redeem-invite.js';
export { SERVICE_ACCESS, type ServedName, type ServiceAccess } from './rpc/access.js';
export type {
  EnrolmentChannel,
  EnrolmentConnectOptions,
  OpenCall,
  RpcCall,
  RpcChannel,
  RpcListener,
  RpcListenOptions,
  RpcTransport,
} from './rpc/channel.js';
export { createClient } from './rpc/client.js';
export type {
  AnonymousCall,
  AuthenticatedCall,
  CallOf,
  CallOptions,
  RpcClient,
  ServiceDefinition,
  ServiceImplementation,
} from './rpc/definition.js';
export { createGrpcTransport } from './rpc/grpc/grpc-transport.js';
export { createLoopbackTransport } from './rpc/loopback/loopback-transport.js';
export { RefusalLog } from './rpc/refusal-log.js';
export { serve, type BoundMethod, type BoundService } from './rpc/service.js';
