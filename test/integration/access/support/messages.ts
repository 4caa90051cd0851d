import type { MemberId } from '../../../../src/base/index.js';

/** What the process with the coordinator is started with (JSON in its first argument). */
export interface StartOrder {
  readonly directory: string;
  readonly memberId: MemberId;
  readonly name: string;
  readonly homePort: number;
  readonly enrolmentPort: number;
  readonly peerPort: number;
  /** Tell every refusal: without, a listener tells so many a minute and counts the rest. */
  readonly everyRefusal: boolean;
}

export interface JoinOrder {
  readonly invite: string;
  readonly name: string;
  /** Of the node's folder, which exists. */
  readonly directory: string;
}

export interface RunningNode {
  readonly nodeId: string;
  readonly name: string;
  readonly port: number;
}

/** What that process says. */
export type FromServers =
  | { readonly kind: 'started' }
  | { readonly kind: 'collected' }
  | { readonly kind: 'joined'; readonly node: RunningNode }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'log'; readonly line: string };
