export { type Bound, withinBound } from './admission.js';
export { type BackoffRules, boundMs, jitteredDelayMs } from './backoff.js';
export { fanOut, type FanOut, type FanOutRules } from './fan-out.js';
export { changedHeads, isNewer, type Standing, standingOf } from './frontier.js';
export { type PushedRun, pushedRun } from './incoming.js';
export { type NextStep, nextStep, planPulls, type Pull, type PullRules, type Source } from './pull-plan.js';
export { type Disagreement, disagreements, samePosition, type StateMark, type ViewMark } from './state-marks.js';
