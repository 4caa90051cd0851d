export type { ProcessFacts } from './admin/status-desk.js';
export { createCoordinator } from './coordinator.js';
export type { Coordinator, CoordinatorOptions } from './coordinator-options.js';
export { recoverMember, type RecoveredMember, type RecoverMemberOptions } from './recover-member.js';
export type { CopyAnswer } from './witnesses/recover-log.js';
export { startEpoch, type StartEpochOptions } from './witnesses/start-epoch.js';
export { logDirectoryOf } from './open-member.js';
export { initialiseMember, type InitialiseMemberOptions } from './initialise-member.js';
export {
  type FoundedMember,
  MEMBER_FILES,
  type MemberFileStore,
  type MemberMaterial,
  readMemberFiles,
} from './member/member-files.js';
