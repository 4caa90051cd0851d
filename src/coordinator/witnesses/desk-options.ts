import type { CollectiveError, NodeId } from '../../base/index.js';
import type { EventLog, LogContinuation } from '../../events/index.js';
import type { Hasher, Logger, SignatureVerifier, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';

export interface WitnessDeskOptions {
  readonly log: EventLog & Pick<LogContinuation, 'adopt'>;
  readonly views: ViewHost;
  /** The disk of the log itself; empty: not known. */
  readonly ownDiskId: string;
  /** An operator's word that this disk has the latest state. */
  readonly assertLatest: boolean;
  /** Whether a node has a session, with a copy of the log or without one. */
  readonly isHere: (nodeId: NodeId) => boolean;
  /** SPKI DER of the log keys that are at hand. */
  readonly signingKeys: readonly Uint8Array[];
  readonly timers: Timers;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** What may be recorded, and who keeps it: `probing` until it is certain that this log is the latest, `closed` when it is not. */
export type Phase =
  | { readonly kind: 'probing' }
  | { readonly kind: 'open' /** Enough witnesses have said that they hold nothing more. */; readonly certain: boolean }
  | { readonly kind: 'closed'; readonly error: CollectiveError };
