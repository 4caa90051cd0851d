export { decideCopiesLost } from './damage-decisions.js';
export type { Decision, DecisionContext } from './decision.js';
export { checkLabel, decideBurnInvite, decideIssueInvite, decideRedeemInvite, usableInvite } from './invite-decisions.js';
export { newlyUnreachable, type Silence } from './liveness-plan.js';
export { decideNodeHello, decideNodeUnreachable, decideNodeUse, nodeNamed, type NodeHello } from './node-decisions.js';
export { type Candidate, type ChunkPlan, planPlacement, type PlannedChunk, type Unusable } from './placement-plan.js';
