export {
  countsAsHolder,
  decideRemoveNode,
  decideOnRecord,
  decideRenewal,
  decideRevoke,
  decideRotateCa,
  revoked,
  revokedClients,
  subjectNamed,
} from './certificate-decisions.js';
export { decideCopiesLost, decideCopiesWhole, decideMemberCopiesLost } from './damage-decisions.js';
export type { Decision, DecisionContext } from './decision.js';
export { matchesGlob } from './glob.js';
export { decideGiveGrant, decideWithdrawGrant, type GiveGrant } from './grant-decisions.js';
export { GrantScope, type GrantViews, hasEnded, type HoldingGrant, notGrantedAtAll } from './grant-scope.js';
export {
  checkLabel,
  decideBurnInvite,
  decideIssueInvite,
  decideRedeemInvite,
  decideReissue,
  usableInvite,
} from './invite-decisions.js';
export { newlyUnreachable, type Silence } from './liveness-plan.js';
export { type CopyEntry, decideCopyEntry, sourceOf } from './namespace/copy-entry.js';
export {
  ANY,
  choose,
  type Chosen,
  everAt,
  type Gone,
  inTime,
  keptVersion,
  restorable,
  type Retention,
  standing,
  type Standing,
  standingAt,
  type Which,
} from './namespace/ever-at.js';
export { formerPath } from './namespace/former-path.js';
export { find, findDirectory, type Found, type Names, showPath } from './namespace/lookup.js';
export { decideMakeDirectory, type MakeDirectory } from './namespace/make-directory.js';
export { decideMakeSymlink, type MakeSymlink } from './namespace/make-symlink.js';
export { decideMoveEntry, type MoveEntry } from './namespace/move-entry.js';
export { noCopyLeft } from './namespace/place-version.js';
export { decidePurgeEntry, decidePurgeExpired, type PurgeEntry } from './namespace/purge-entry.js';
export { decideRemoveEntry, type RemoveEntry } from './namespace/remove-entry.js';
export { decideRestoreEntry, type RestoreEntry } from './namespace/restore-entry.js';
export { decideSetAttributes, type SetAttributes } from './namespace/set-attributes.js';
export { decideNodeHello, decideNodeUnreachable, decideNodeUse, nodeNamed, type NodeHello } from './node-decisions.js';
export { type Candidate, NodeChoice, type PlannedChunk, type Unusable } from './node-choice.js';
export { type AllowanceRules, Allowances } from './allowance.js';
export { broughtInAlready } from './introducers.js';
export { type ChunkPlan, checkRoom, planPlacement, type Room, roomFor } from './placement-plan.js';
export { checkSpreadRoom, type MemberCandidate, planSpread, type SharedChunk, type SpreadPlan } from './spread-plan.js';
export {
  decideWitnesses,
  type MemberCandidates,
  planMembers,
  planWitnesses,
  requiredOf,
  type WitnessCandidate,
  type WitnessSituation,
  type WitnessWish,
} from './witness-plan.js';
export { type HolderId, holdersOf, lostOf, type Protection, ProtectionTally } from './protection.js';
export { decideRecordCopies, decideRecordExtents, type RecordExtents } from './uploads/record-extents.js';
export { type CopiesPolicy, enoughFor, minimumCopies } from './uploads/copies-policy.js';
export { decideCommitFile, type CommitFile } from './uploads/commit-file.js';
export { memberCounts, newCopies, noHolder } from './uploads/receipted-copies.js';
export type { ReceiptedChunk, ReceiptedChunks } from './uploads/receipted-copies.js';
export {
  checkKeptFor,
  decideAcceptForeign,
  decideForeignLost,
  decideMoveForeign,
  decideReleaseForeign,
  pledgeLeft,
  pledgeUsedUp,
} from './foreign/foreign-decisions.js';
export { claimOf } from './foreign/claimed-copies.js';
export { versionForReader } from './foreign/reader-rights.js';
export { decideSetPledge } from './foreign/pledge-decisions.js';
export { type Policy, type PolicyAt, policyFor, policyForTree, policyPlaces } from './policies/policy-for.js';
export { decideSetPolicy, type SetPolicy } from './policies/set-policy.js';
export { type MemberReach, unreached } from './policies/member-reach.js';
export { type HoldersNow, type MemberRoom, type PolicyPlace, type Shortfall, shortfallOf } from './policies/outlook.js';
export { aboveRoom, belowUse, type PledgeShortfall } from './policies/pledge-outlook.js';
export { decideCloseUpload, decideExpireUpload, decideOpenUpload, openUpload } from './uploads/upload-decisions.js';
export {
  checkMayCome,
  decideAdmitHost,
  decideApprove,
  decideEndpoints,
  decideIntroduction,
  decideInviteMember,
  decideJoin,
  decideRefuse,
  decideReinstate,
  decideRemove,
  decideRename,
  decideSuspend,
  freeLabel,
  memberNamed,
  type MemberFacts,
} from './member-decisions.js';
