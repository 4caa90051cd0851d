import { assert, CollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import { Allowances } from '../../domain/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import type {
  AnswerRequest,
  AnswerResponse,
  AskedCalls,
  AuthenticatedCall,
  PeerMessage,
  PeerServiceDefinition,
  PullRequest,
  PullResponse,
  ServiceImplementation,
} from '../../transport/index.js';
import type { LogServer } from './log-server.js';
import type { PeerLink } from './session/peer-link.js';
import { readSession, type SessionHost } from './session/session.js';
import { memberIdOf } from './session/wire.js';

export interface PeerServiceOptions {
  readonly host: SessionHost;
  readonly logs: LogServer;
  /** Calls of this side that wait to be taken up. */
  readonly asked: AskedCalls;
  readonly newLink: (peer: { readonly memberId: MemberId; readonly dialledHere: boolean; readonly address: string }) => PeerLink;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

const MINUTE_MS = 60_000;

/** Other members' coordinators dial in here. */
export class PeerService implements ServiceImplementation<typeof PeerServiceDefinition> {
  readonly #options: PeerServiceOptions;
  readonly #pulls = new Map<MemberId, number>();
  readonly #sessions = new Allowances({ most: LIMITS.peerSessionsAMinute, periodMs: MINUTE_MS });

  constructor(options: PeerServiceOptions) {
    this.#options = options;
  }

  async *session(requests: AsyncIterable<PeerMessage>, call: AuthenticatedCall): AsyncGenerator<PeerMessage, void, undefined> {
    const { host, newLink, clock } = this.#options;
    // Each is told how far every log is held, and takes the place of the one before.
    if (!this.#sessions.take(call.caller.memberId, 1, clock.monotonicMs())) {
      throw new CollectiveError('UNAVAILABLE', `A member begins at most ${LIMITS.peerSessionsAMinute} sessions in a minute.`);
    }
    const link = newLink({ memberId: call.caller.memberId, dialledHere: false, address: call.remote });
    const cut = (): void => link.close(new CollectiveError('UNAVAILABLE', 'The other coordinator is gone.'));
    call.signal.addEventListener('abort', cut, { once: true });
    host.greet(link);
    // It goes on until the call has ended, which does not wait for it.
    readSession(link, requests, host).catch((error: unknown) => {
      this.#options.logger.debug('a session ended', { memberId: link.memberId, error });
    });
    try {
      yield* link.messages();
      throw link.reason;
    } finally {
      link.close(new CollectiveError('UNAVAILABLE', 'The session has ended.'));
      host.links.drop(link);
      call.signal.removeEventListener('abort', cut);
    }
  }

  answer(requests: AsyncIterable<AnswerRequest>, call: AuthenticatedCall): AsyncGenerator<AnswerResponse, void, undefined> {
    return this.#options.asked.take(requests, call);
  }

  async *pull(request: PullRequest, call: AuthenticatedCall): AsyncGenerator<PullResponse, void, undefined> {
    const { memberId } = call.caller;
    const { logs } = this.#options;
    const origin = memberIdOf(request.origin);
    if (request.fromSequence < 1) throw new CollectiveError('REQUEST_INVALID', 'The first event of a log is 1.');
    const running = this.#pulls.get(memberId) ?? 0;
    if (running >= LIMITS.peerPulls) {
      throw new CollectiveError('LIMIT_EXCEEDED', `A coordinator is given ${LIMITS.peerPulls} runs of blocks at a time.`);
    }
    this.#pulls.set(memberId, running + 1);
    try {
      for await (const blocks of logs.pages(memberId, { ...request, origin }, call.signal)) yield { blocks: [...blocks] };
    } finally {
      const left = (this.#pulls.get(memberId) ?? 1) - 1;
      assert(left >= 0, 'a pull ends once');
      if (left === 0) this.#pulls.delete(memberId);
      else this.#pulls.set(memberId, left);
    }
  }
}
