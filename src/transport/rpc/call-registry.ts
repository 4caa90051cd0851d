import { CollectiveError, LIMITS } from '../../base/index.js';
import type { PeerIdentity } from '../../identity/index.js';
import type { OpenCall } from './channel.js';

interface Entry {
  readonly call: OpenCall;
  readonly cut: (error: CollectiveError) => void;
}

/** The calls that a listener is serving now, so that those of a caller can be cut. */
export class CallRegistry {
  readonly #entries = new Set<Entry>();
  readonly #open = new Map<string, number>();
  readonly #openMax: number;
  readonly #ofCallerMax: number;

  constructor(openMax: number = LIMITS.rpcOpenCalls, ofCallerMax: number = LIMITS.rpcOpenCallsPerCaller) {
    this.#openMax = openMax;
    this.#ofCallerMax = ofCallerMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `cut` ends the call with an error. Returns what removes it. Error: UNAVAILABLE when too many are open, in all or of that caller. */
  add(call: OpenCall, cut: (error: CollectiveError) => void): () => void {
    const caller = call.caller === undefined ? undefined : callerKey(call.caller);
    const open = caller === undefined ? 0 : (this.#open.get(caller) ?? 0);
    if (this.#entries.size >= this.#openMax) throw busy(`The coordinator is serving ${this.#openMax} calls`);
    if (open >= this.#ofCallerMax) throw busy(`The coordinator is serving ${this.#ofCallerMax} calls of this certificate`);
    const entry = { call, cut };
    this.#entries.add(entry);
    if (caller !== undefined) this.#open.set(caller, open + 1);
    return () => {
      if (this.#entries.delete(entry) && caller !== undefined) this.#closed(caller);
    };
  }

  /** Returns how many were cut. */
  closeCalls(matches: (call: OpenCall) => boolean, error: CollectiveError): number {
    const matching = [...this.#entries].filter((entry) => matches(entry.call));
    for (const entry of matching) entry.cut(error);
    return matching.length;
  }

  #closed(caller: string): void {
    const open = (this.#open.get(caller) ?? 0) - 1;
    if (open > 0) this.#open.set(caller, open);
    else this.#open.delete(caller);
  }
}

const callerKey = (caller: PeerIdentity): string => {
  const id = caller.role === 'node' ? caller.nodeId : caller.role === 'client' ? caller.clientId : '';
  return `${caller.memberId}/${caller.role}/${id}`;
};

const busy = (what: string): CollectiveError =>
  new CollectiveError('UNAVAILABLE', `${what}, which is the most that it serves at once.`, { next: 'Try again in a moment.' });
