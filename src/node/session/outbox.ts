import { CollectiveError, LIMITS } from '../../base/index.js';
import type { SessionHeartbeat, SessionRequest } from '../../transport/index.js';

/** What a node has to say to its coordinator, in order; of heartbeats that wait, only the last. */
export class Outbox implements AsyncIterable<SessionRequest> {
  readonly #messages: SessionRequest[] = [];
  #heartbeat: SessionHeartbeat | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  /** Error: LIMIT_EXCEEDED when the coordinator does not take what it asked for. */
  push(message: SessionRequest): void {
    if (this.#messages.length >= LIMITS.sessionMessagesQueued) {
      throw new CollectiveError('LIMIT_EXCEEDED', 'The coordinator does not take what this node has to say.');
    }
    this.#messages.push(message);
    this.#wake?.();
  }

  heartbeat(heartbeat: SessionHeartbeat): void {
    this.#heartbeat = heartbeat;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SessionRequest, void, undefined> {
    while (!this.#ended) {
      const next = this.#next();
      if (next !== undefined) {
        yield next;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #next(): SessionRequest | undefined {
    const message = this.#messages.shift();
    if (message !== undefined) return message;
    const value = this.#heartbeat;
    this.#heartbeat = undefined;
    return value === undefined ? undefined : { message: { $case: 'heartbeat', value } };
  }
}
