export type { ProcessFacts } from './admin/status-desk.js';
export { type Coordinator, type CoordinatorOptions, createCoordinator } from './coordinator.js';
export { initialiseMember, type InitialiseMemberOptions } from './initialise-member.js';
export {
  type FoundedMember,
  MEMBER_FILES,
  type MemberFileStore,
  type MemberMaterial,
  readMemberFiles,
} from './member/member-files.js';
