import { CollectiveError, LIMITS, type MemberId } from '../../../base/index.js';
import type { Timers } from '../../../ports/index.js';
import type { AnswerRequest, AnswerResponse } from '../../generated/collective/v1/peers.js';
import { abandonable } from '../abandonable.js';
import type { OpenOptions, RpcCall } from '../channel.js';
import type { AuthenticatedCall } from '../definition.js';
import { AskedCall } from './asked-call.js';

/** Whom a call is for that is asked to take it up. */
export interface AskedPeer {
  readonly memberId: MemberId;
  /** Sends it the word that a call waits for it. */
  readonly ask: (callId: number) => void;
  /** Aborts when it cannot hear that any more. */
  readonly ended: AbortSignal;
}

interface Waiting {
  readonly memberId: MemberId;
  readonly taken: (parts: AsyncIterator<AnswerRequest>, signal: AbortSignal) => AskedCall;
}

/** Calls to coordinators that cannot be dialled, but hold a session that they dialled: they are asked to take them up. */
export class AskedCalls {
  readonly #timers: Timers;
  readonly #waiting = new Map<number, Waiting>();
  /** Of each member: calls that wait, and those that were taken up. */
  readonly #open = new Map<MemberId, number>();
  #lastId = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Resolves when it was taken up. Errors: COORDINATOR_UNREACHABLE, UNAVAILABLE (too many at once), DEADLINE_EXCEEDED, CANCELLED. */
  async open(peer: AskedPeer, path: string, options: OpenOptions): Promise<RpcCall> {
    const leave = this.#enter(peer.memberId);
    this.#lastId += 1;
    const callId = this.#lastId;
    const waiting = this.#wait(callId, peer, leave);
    try {
      const call = await abandonable(waiting.taken, options, this.#timers);
      call.begin(path, options);
      return call;
    } catch (error) {
      // It may have been taken up at this very moment, when nobody wants it any more.
      waiting.taken.then(
        (late) => late.cancel(),
        () => undefined,
      );
      leave();
      throw error;
    } finally {
      waiting.stop();
    }
  }

  /** A member takes up a call. Errors: PROTOCOL_ERROR, NOT_FOUND (no call waits for that member under that id), those of the call. */
  async *take(
    requests: AsyncIterable<AnswerRequest>,
    { caller, signal }: Pick<AuthenticatedCall, 'caller' | 'signal'>,
  ): AsyncGenerator<AnswerResponse, void, undefined> {
    const parts = requests[Symbol.asyncIterator]();
    const part = await this.#first(parts);
    if (part?.$case !== 'callId') throw new CollectiveError('PROTOCOL_ERROR', 'It was not said which call is taken up.');
    const waiting = this.#waiting.get(part.value);
    if (waiting === undefined || waiting.memberId !== caller.memberId) {
      throw new CollectiveError('NOT_FOUND', 'No such call waits to be taken up.');
    }
    this.#waiting.delete(part.value);
    yield* waiting.taken(parts, signal).outgoing();
  }

  /** In time, or never: whoever says nothing is not waited for. */
  async #first(parts: AsyncIterator<AnswerRequest>): Promise<AnswerRequest['part']> {
    let timer: ReturnType<Timers['after']> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = this.#timers.after(LIMITS.peerAskMs, () => resolve(undefined));
    });
    try {
      const first = await Promise.race([parts.next(), late]);
      return first === undefined || first.done === true ? undefined : first.value.part;
    } finally {
      timer?.cancel();
    }
  }

  #wait(
    callId: number,
    { memberId, ask, ended }: AskedPeer,
    leave: () => void,
  ): { readonly taken: Promise<AskedCall>; readonly stop: () => void } {
    let give: (error: CollectiveError) => void = () => undefined;
    const inVain = (): void => give(notTakenUp());
    const late = this.#timers.after(LIMITS.peerAskMs, inVain);
    ended.addEventListener('abort', inVain, { once: true });
    const taken = new Promise<AskedCall>((resolve, reject) => {
      give = reject;
      this.#waiting.set(callId, {
        memberId,
        taken: (parts, signal) => {
          const call = new AskedCall(parts, { signal, timers: this.#timers, onEnded: leave });
          resolve(call);
          return call;
        },
      });
    });
    if (ended.aborted) inVain();
    else ask(callId);
    return {
      taken,
      stop: () => {
        late.cancel();
        ended.removeEventListener('abort', inVain);
        this.#waiting.delete(callId);
      },
    };
  }

  /** Counts a call. Returns what ends that, whoever says so first. */
  #enter(memberId: MemberId): () => void {
    const open = this.#open.get(memberId) ?? 0;
    if (open >= LIMITS.peerAskedCalls) {
      throw new CollectiveError('UNAVAILABLE', `${LIMITS.peerAskedCalls} calls to this coordinator are open already.`, {
        next: 'Try again in a moment.',
      });
    }
    this.#open.set(memberId, open + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const others = (this.#open.get(memberId) ?? 1) - 1;
      if (others > 0) this.#open.set(memberId, others);
      else this.#open.delete(memberId);
    };
  }
}

const notTakenUp = (): CollectiveError =>
  new CollectiveError(
    'COORDINATOR_UNREACHABLE',
    'The coordinator cannot be dialled from here, and did not take up a call over the session that it dialled.',
    { next: 'Try again in a moment; see who is connected: collective peer list' },
  );
