const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

/** Every limit of the system, in one place, listed for people in docs/LIMITS.md. Units are in the names. */
export const LIMITS = {
  // names and files
  nameBytes: 255,
  pathDepth: 256,
  symlinkTargetBytes: 4095,
  /** listsPerVersion lists of extentsPerList chunks of chunkBytesLarge. */
  fileBytes: 4000 * GiB,
  /** Of all files of a tree together, holes too. */
  treeBytes: 4096 * 1024 * GiB,
  /** Before and after 1970, as far as dates go in most languages. */
  fileTimeSeconds: 8_640_000_000_000,
  labelBytes: 64,
  contentTypeBytes: 255,
  openSessionIdBytes: 64,
  /** Of all versions together, deleted and purged ones too, and again with all their copies. */
  versionsBytes: Number.MAX_SAFE_INTEGER,
  /** How long what was deleted or overwritten can be restored, unless the coordinator is told otherwise. */
  retentionMs: 30 * 24 * 3600 * 1000,
  retentionMaxMs: 100 * 365 * 24 * 3600 * 1000,
  purgedAtOnce: 256,
  /** Things that stood at one path one after another and can be told apart: the newest. */
  deletedAtPath: 128,

  // chunks
  chunkBytesSmall: 64 * KiB,
  chunkBytesMedium: 1 * MiB,
  chunkBytesLarge: 4 * MiB,
  mediumFromFileBytes: 1 * MiB,
  largeFromFileBytes: 100 * MiB,
  leafBytes: 64 * KiB,

  // log
  payloadBytes: 64 * KiB,
  blockEvents: 256,
  blockBytes: 256 * KiB,
  segmentBytes: 64 * MiB,
  segmentStepBytes: 4 * MiB,
  logReadBytes: 1 * MiB,
  logLandmarkSegments: 64,
  envelopeBytes: 1024,
  /** Rotations of a log's key, and twice its epochs. */
  logKeyChanges: 10_000,
  extentsPerList: 512,
  extentsInline: 64,
  listsPerVersion: 2000,
  witnesses: 8,
  /** That one member knows of, those included that were refused or removed. */
  members: 1024,
  /** Or suspended: their CAs are named in every handshake on the peer port, whose list of them has 64 KiB. */
  membersAdmitted: 256,
  /** How long a client waits for the removal of a member, before which what lies with it is copied elsewhere. */
  memberRemovalMs: 24 * 3600 * 1000,
  /** The copy of one other member's log on this disk, unless a setting says otherwise. */
  memberLogBytes: 10 * 1000 ** 3,
  /** Share of it from which on `status` tells of it, in percent. */
  memberLogAlarmPercent: 80,
  /** Members whom one that a person let in has brought, and those whom these have brought, and so on: half of all that have room. */
  introductionsPerMember: 128,
  /** What the calls of one other member may add to the own log in a day; what was not used comes back evenly over it. */
  memberLogBytesADay: 64 * 1000 ** 2,
  grants: 4096,
  /** For how long one is given, if not without an end. */
  grantLifeMs: 100 * 365 * 24 * 60 * 60 * 1000,
  /** How long one that has run out is listed still with those that hold. */
  grantEndedShownMs: 7 * 24 * 60 * 60 * 1000,
  /** Calls of one other member's clients that are served at once. */
  forwardedCallsPerMember: 256,
  /** Directories with a policy of their own. */
  policies: 4096,
  /** Looked at when a policy is set, to say how many files there have fewer copies than it asks for. */
  policyEntriesLooked: 10_000,
  policyChunksLooked: 50_000,
  /** How long a change waits for enough witnesses (after a start: or members) before it is refused, and then for their word. */
  witnessPatienceMs: 7_000,
  /** Blocks that may be ahead of what the witnesses hold, before new commands wait. */
  witnessBlocksAhead: 256,
  /** In one message to a witness or from it. */
  witnessPageBytes: 512 * KiB,
  /** Sent to one witness and not answered yet. */
  witnessInFlightBytes: 2 * MiB,
  /** The newest blocks, kept in memory for witnesses. */
  witnessRecentBytes: 4 * MiB,
  witnessStreams: 64,
  /** How long a stream for copies may be open before its hello has come. */
  witnessHelloMs: 10_000,
  /** How long a node that is asked for a page of its copy is waited for. */
  witnessReadMs: 15_000,
  witnessReconnectMs: 1_000,
  /** How long whoever keeps the log is listened to before an operator's word that this disk is the latest is taken. */
  assertLatestWaitMs: 2_000,
  /** How long the nodes of a log that names no witness are waited for, before anything is recorded. */
  nodesAskedMs: 30_000,
  /** How long other members are waited for, where all witnesses that answered lie on the log's own disk. Less than a change waits. */
  membersAskedMs: 6_000,
  /** How long a start waits for enough witnesses to make a log anew that does not open. */
  rescuePatienceMs: 20_000,
  /** The same, while none has come at all. */
  rescueFirstMs: 5_000,
  copiesSetAside: 16,
  /** Why somebody did something, in the words of whoever did it. */
  noteBytes: 200,
  /** Blocks of one other member's log that are durable and wait in memory to be applied to its views. */
  peerBacklogBytes: 4 * MiB,
  /** How long blocks of others are applied before everything else gets a turn. */
  peerTurnMs: 8,
  peerRetryMs: 5_000,
  /** Other members whose logs one coordinator keeps. */
  foreignLogs: 1024,
  /** Blocks in one message between coordinators. */
  peerPageBytes: 512 * KiB,
  /** Of one log, pushed by its owner and not stored yet, at either side; beyond that it is asked for. */
  peerPushBytes: 1 * MiB,
  /** Zeros written ahead in the copy of a log that is still small. */
  foreignLogStepBytes: 64 * KiB,
  /** The newest own blocks, kept in memory for peers. */
  peerRecentBytes: 4 * MiB,
  /** Runs of blocks that one coordinator is given at the same time. */
  peerPulls: 8,
  /** Events of one range, where two coordinators are asked for one log. */
  peerRangeEvents: 4096,
  /** The same, where somebody says that a log goes on elsewhere than here: others wait meanwhile. */
  peerFollowStallMs: 10_000,
  /** Sessions that one member may begin in a minute. */
  peerSessionsAMinute: 60,
  /** How often one peer is sent the proof of one fork in an hour, however often it comes or says that it keeps the log. */
  peerProofs: 4,
  peerProofsMs: 3600 * 1000,
  /** Log lines in an hour about one peer's word that its views are not as those here. */
  peerMismatchLines: 16,
  /** How often a peer may say in a hello that it is somewhere else now, at one time; one more comes with each minute. */
  peerPlacesAtOnce: 5,
  /** So long a run of blocks may stand still before somebody else is asked. */
  peerPullStallMs: 30_000,
  /** Up to so many peers each new block is sent to all. */
  peersPushedToAll: 16,
  /** Of more, to so many; the others are told of it. */
  peersPushedOfMore: 6,
  /** Of more than that, so many are told each time how far the logs of others are held. */
  peersToldARound: 4,
  /** Of more than that, how many logs they are told of whose owners are there to tell it themselves. */
  peerLogsToldARound: 2,
  /** Blocks up to this size are sent to all in any case: telling of them and being asked for them costs more. */
  peerSmallPushBytes: 1 * KiB,
  peerDialDelayMinMs: 250,
  peerDialDelayMaxMs: 30_000,
  /** The member with the greater id waits so long for the other one to dial first. */
  peerDialSecondMs: 1_000,
  peerHelloMs: 10_000,
  /** Calls to a coordinator that cannot be dialled, taken up over the session that it dialled; open at one time. */
  peerAskedCalls: 32,
  /** How long one may wait to be taken up. */
  peerAskMs: 10_000,
  /** How long dialling is tried before a call goes that way. */
  peerDirectMs: 1_500,
  /** How long dialling somebody in vain is not tried again for calls, while a session shows another way. */
  peerUndialableMs: 10 * 60 * 1000,
  peerPingMs: 60_000,
  /** How old a round trip may be. */
  peerMeasureMs: 10 * 60_000,
  peerSilenceMs: 180_000,
  /** How often others are told of what they did not have to be told at once. */
  peerAnnounceMs: 30_000,
  /** How often one log's state hashes are told to others. */
  peerStatesMs: 5 * 60_000,
  /** A block further ahead of the own clock is taken and told of. */
  peerFutureMs: 5 * 60 * 1000,
  /** How long somebody is not asked for a log after giving a block that does not verify; doubled each time. */
  peerRefusalMinMs: 10_000,
  peerRefusalMaxMs: 10 * 60 * 1000,
  /** Before a peer that is away is told of in `status`. */
  peerAwayMs: 60_000,
  commandQueueLength: 4096,
  requestRetentionMs: 7 * 24 * 3600 * 1000,
  decodeDepth: 16,

  // remote calls
  rpcMessageBytes: 1 * MiB,
  rpcConcurrentStreamsPerConnection: 128,
  rpcConnections: 1024,
  rpcDeadlineMs: 60_000,
  rpcOpenCalls: 8192,
  rpcOpenCallsPerCaller: 256,
  rpcMetadataBytes: 16 * KiB,
  rpcErrorBytes: 8 * KiB,
  rpcErrorTextLength: 1000,
  rpcConnectTimeoutMs: 10_000,
  rpcKeepaliveMs: 20_000,
  rpcKeepaliveTimeoutMs: 10_000,
  /** Between coordinators, by the one that dialled; their sessions have pings of their own, and most of what idle members send are pings. */
  peerKeepaliveMs: 60_000,
  rpcConnectionIdleMs: 10 * 60 * 1000,
  enrolmentMessageBytes: 16 * KiB,
  enrolmentConnections: 64,
  enrolmentStreamsPerConnection: 4,
  enrolmentConnectionIdleMs: 15_000,
  enrolmentConnectionAgeMs: 60_000,
  listPageEntries: 1000,
  /** A page that gets longer than this ends, whatever was asked for. */
  listPageBytes: 512 * KiB,
  /** Entries of one folder that a walk over a tree has in memory at a time. */
  walkPageEntries: 256,
  findPatternCharacters: 255,
  chunksPerCall: 512,
  filesPerCommit: 256,
  copiesMax: 16,

  // uploads and tickets
  uploadLifeMs: 24 * 3600 * 1000,
  openUploadsPerClient: 64,
  ticketLifeMs: 10 * 60 * 1000,
  clockSkewMs: 2 * 60 * 1000,

  // copies with other members
  /** Chunks of one member that are on their way to own nodes and not on record yet. */
  reservationsPerMember: 32_768,
  /** How long the bytes of such a chunk are set aside in the pledge. */
  reservationLifeMs: 15 * 60 * 1000,
  /** How long another member's coordinator is waited for when it is asked for nodes. */
  memberCallMs: 5_000,
  /** The same when it is to put copies on record, or to have them fetched. */
  memberAcceptMs: 30_000,
  memberFetchMs: 120_000,
  /** How long a member that did not answer is passed over; twice as long each time. */
  memberAwayMinMs: 1_000,
  memberAwayMaxMs: 60_000,
  /** Chunks of one order to a node to fetch them. */
  chunksPerFetch: 64,
  /** Of these, on their way together, each in memory. */
  fetchesInFlight: 8,
  /** Sources of one such order. */
  fetchSources: 64,
  /** What a member keeps beyond what is on record here is looked through once that has not changed for so long. */
  keptSettledMs: 60_000,
  /** Read at one member, in a day, to find out whether it has what it says to have; comes back evenly. */
  copyProofBytesADay: 4 * 1000 ** 3,
  /** Of these, asked for at once, and how long that may take. */
  copyProofChunks: 16,
  copyProofMs: 60_000,
  /** Copies of others' chunks that lie at a gone node are tried to be had elsewhere so often before they are given up. */
  keptMoveTries: 3,
  /** From one try to the next, of these and of those that were lost; for the latter twice as long each time. */
  keptMendMinMs: 10_000,
  keptMendMaxMs: 3600 * 1000,
  /** Chunks whose copies are replaced at a time when a member leaves. */
  replacedAtOnce: 64,
  /** Such batches that are under way together. */
  replacedBatches: 4,
  /** Its copies are made elsewhere again so often, where files were put meanwhile. */
  removalRounds: 5,

  // node data port
  frameBytes: 256 * KiB,
  controlFrameBytes: 128 * KiB,
  dataConnections: 256,
  requestsInFlightPerConnection: 16,
  ticketsPerConnection: 64,
  handshakeTimeoutMs: 10_000,
  connectionIdleMs: 120_000,
  transferStallMs: 30_000,
  chunksPerTicket: 3072,
  ticketBytes: 1024,
  readsAheadPerConnection: 4,
  dataRequestMs: 120_000,
  cancelGraceMs: 2_000,
  closeLingerMs: 5_000,

  // nodes
  heartbeatMs: 5_000,
  nodeSuspectMs: 30_000,
  nodeUnreachableMs: 10 * 60 * 1000,
  nodes: 4096,
  /** Those that are gone for good included: what is on record of them is kept in memory. */
  nodesEver: 65_536,
  endpointsPerDaemon: 16,
  reconnectDelayMinMs: 200,
  reconnectDelayMaxMs: 3_000,
  inventoryPageChunks: 1000,
  sessionMessagesQueued: 256,
  sessionOrdersQueued: 64,
  /** What a node may hold is at least so much: a few large chunks. */
  nodeCapacityMinBytes: 16 * MiB,
  ticketKeys: 16,
  ticketBudgets: 16_384,

  // node store
  storeReserveBytes: 64 * MiB,
  packBytes: 64 * MiB,
  packBatchBytes: 1 * MiB,
  packOpenFiles: 32,
  journalSegmentBytes: 64 * MiB,
  journalGroupRecords: 2048,
  commitQueueChunks: 16_384,
  pendingChunks: 65_536,
  chunkBuffersSmall: 64,
  chunkBuffersMedium: 12,
  chunkBuffersLarge: 8,
  damagedChunksListed: 10_000,
  storeCheckDelayMinMs: 1_000,
  storeCheckDelayMaxMs: 10_000,

  // memory
  viewCacheBytes: 64 * MiB,
  /** With which the cache begins; it grows as it fills. */
  viewCacheStartBytes: 256 * KiB,
  viewDirtyBytes: 16 * MiB,
  viewRowsPerRound: 65_536,
  viewRounds: 4096,
  /** Above that a start does not wait until all rows were read. About a second. */
  viewRowsCheckedAtStart: 150_000,
  requestsPrunedAtOnce: 256,
  parsedKeys: 1024,
  alignedSlabBytes: 16 * MiB,
  keyValueCacheBytes: 4 * MiB,
  keyValueWriteBufferBytes: 2 * MiB,
  keyValueOpenFiles: 64,
  keyValuePageEntries: 1000,
  keyValuePageBytes: 256 * KiB,
  configFileBytes: 1 * MiB,

  // verification beside the service
  auditIntervalMs: 24 * 3600 * 1000,
  auditIntervalMinMs: 1000,
  /** From a start to the first. */
  auditStartDelayMs: 10_000,
  /** Read without a rest. */
  auditSliceBytes: 64 * KiB,
  auditDamagesKept: 100,

  // identity
  certificateBytes: 8 * KiB,
  certificateChainLength: 4,
  publicKeyBytes: 512,
  endorsementBytes: 1024,
  certificateRequestBytes: 4 * KiB,
  verifiedLeaves: 4096,
  keyFileBytes: 64 * KiB,
  passphraseCharactersMin: 8,
  passphraseCharactersMax: 1024,
  endpointBytes: 255,
  inviteTextCharacters: 8192,
  inviteLifeMs: 3600 * 1000,
  inviteLifeMaxMs: 30 * 24 * 3600 * 1000,
  inviteWrongTries: 5,
  openInvites: 1024,
  leafLifeMs: 30 * 24 * 3600 * 1000,
  leafLifeMinMs: 10 * 1000,
  leafLifeMaxMs: 398 * 24 * 3600 * 1000,
  /** For how long an expired certificate can be renewed by proof of its key. */
  lapsedRenewalMs: 90 * 24 * 3600 * 1000,
  renewalsPerMinute: 20,
  /** Certificates in use that the log has not taken yet, since it waits for witnesses. */
  unrecordedLeaves: 1024,
  /** After a start, how long receipts that no known key has signed wait for their node to show its certificate. */
  nodesReturnMs: 10_000,
  /** How often whoever says that it holds more of the own log is asked for it, before it is passed over. */
  adoptTries: 5,
  /** Revoked clients whose certificates have not ended yet. */
  revocationsListed: 4096,
  /** CAs of a member that are told to its people: the present one and those before it. */
  casTold: 5,
  /** Other members whose clients a node lets in: as many as its coordinator tells it of. */
  membersTold: 256,
  /** What a node keeps of its coordinator's word. */
  coordinatorFileBytes: 8 * MiB,
  caLifeMs: 20 * 365 * 24 * 3600 * 1000,
  /** Attempts to join within a minute that came to nothing. */
  failedEnrolmentsPerAddress: 30,
  /** The same, from everywhere. */
  failedEnrolments: 300,
  damageReports: 10_000,
  /** Of these, from one other member's clients in that time. */
  damageReportsPerMember: 1_024,
  damageReportsMs: 3600 * 1000,
  /** Versions and chunks that one member may have looked up in a minute as a reader of other members' files; a list of extents counts for ten. */
  readerLookUps: 120_000,
  readerLookUpsMs: 60_000,

  // client
  /** Buffers of one transfer, each for one large chunk. */
  clientChunkBuffers: 12,
  /** Chunks that are placed, sent and receipted together. */
  uploadGroupBytes: 16 * MiB,
  uploadGroupsInFlight: 4,
  filesReadAtOnce: 8,
  /** Sent along with the extents or files that they are for. */
  receiptedChunksPerCall: 4096,
  receiptsPerCall: 256,
  filesPerRead: 256,
  readStreams: 2,
  /** How long a transfer waits for a coordinator or node that was there before. */
  transferPatienceMs: 30_000,
  /** How far back from the head `events list --last N --type TYPE` looks for events of the type. */
  eventsLookedBack: 1_000_000,
  /** How long `events tail` waits for a coordinator to come back. */
  tailPatienceMs: 10 * 60 * 1000,
  /** How long a command waits for a coordinator that it has not reached yet. */
  firstContactPatienceMs: 2_000,
  /** How long a read waits while no holder of a chunk can be reached. */
  chunkPatienceMs: 10_000,
  filesWrittenAtOnce: 64,
  directoriesPerTransfer: 1_000_000,
  transferFailuresShown: 100,
  /** How long what a killed get has left beside its place is kept, where nothing goes on with it. */
  partialLifeMs: 7 * 24 * 3600 * 1000,
  /** When a process that cannot be seen, on another machine, is taken to have stopped writing. */
  partialSilenceMs: 3600 * 1000,
  partialFoldersKnown: 1024,
  /** Steps of one sync, which are kept in memory. */
  syncActions: 1_000_000,
  exclusionPatterns: 256,
  exclusionPatternLength: 1024,
  removalsAtOnce: 16,
} as const;
