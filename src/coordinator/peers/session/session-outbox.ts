import { LIMITS, type MemberId } from '../../../base/index.js';
import type { Head } from '../../../events/index.js';
import type { PeerForkProof, PeerHello, PeerMessage, PeerStateMark } from '../../../transport/index.js';

type Message = NonNullable<PeerMessage['message']>;

/**
 * What one session has yet to send. Of everything but blocks only the newest word on each log waits, so that a peer that reads
 * slowly costs no memory; blocks are bounded by who pushes them.
 */
export class SessionOutbox {
  #hello: PeerHello | undefined;
  readonly #heads = new Map<MemberId, Head>();
  readonly #forks = new Map<MemberId, PeerForkProof>();
  readonly #marks = new Map<string, PeerStateMark>();
  readonly #blocks: { readonly origin: MemberId; readonly blocks: readonly Uint8Array[] }[] = [];
  readonly #asks: number[] = [];
  #blockBytes = 0;
  #ping: number | undefined;
  #pong: number | undefined;
  /** The first frontier is sent even where it is empty. */
  #frontierDue = false;
  #wake: (() => void) | undefined;
  #ended = false;

  hello(hello: PeerHello): void {
    this.#hello = hello;
    this.#frontierDue = true;
    this.#wake?.();
  }

  head(head: Head): void {
    this.#heads.set(head.origin, head);
    this.#wake?.();
  }

  fork(origin: MemberId, proof: PeerForkProof): void {
    this.#forks.set(origin, proof);
    this.#wake?.();
  }

  mark(mark: PeerStateMark): void {
    this.#marks.set(mark.origin, mark);
    this.#wake?.();
  }

  blocks(origin: MemberId, blocks: readonly Uint8Array[]): void {
    this.#blocks.push({ origin, blocks });
    this.#blockBytes += bytesOf(blocks);
    this.#wake?.();
  }

  /** Of blocks that the peer has not read yet. */
  get blockBytes(): number {
    return this.#blockBytes;
  }

  /** A call waits to be taken up; whoever makes them bounds them. */
  ask(callId: number): void {
    this.#asks.push(callId);
    this.#wake?.();
  }

  ping(nonce: number): void {
    this.#ping = nonce;
    this.#wake?.();
  }

  pong(nonce: number): void {
    this.#pong = nonce;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** For one consumer; ends with `end`. */
  async *drain(): AsyncGenerator<PeerMessage, void, undefined> {
    while (!this.#ended) {
      const message = this.#next();
      if (message !== undefined) {
        yield { message };
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #next(): Message | undefined {
    return (
      this.#takeHello() ??
      this.#takeEcho() ??
      this.#takeAsk() ??
      this.#takeFork() ??
      this.#takeBlocks() ??
      this.#takeHeads() ??
      this.#takeMarks()
    );
  }

  #takeHello(): Message | undefined {
    const value = this.#hello;
    this.#hello = undefined;
    return value === undefined ? undefined : { $case: 'hello', value };
  }

  #takeEcho(): Message | undefined {
    if (this.#pong !== undefined) {
      const nonce = this.#pong;
      this.#pong = undefined;
      return { $case: 'pong', value: { nonce } };
    }
    if (this.#ping === undefined) return undefined;
    const nonce = this.#ping;
    this.#ping = undefined;
    return { $case: 'ping', value: { nonce } };
  }

  #takeAsk(): Message | undefined {
    const callId = this.#asks.shift();
    return callId === undefined ? undefined : { $case: 'ask', value: { callId } };
  }

  #takeFork(): Message | undefined {
    for (const [origin, value] of this.#forks) {
      this.#forks.delete(origin);
      return { $case: 'fork', value };
    }
    return undefined;
  }

  #takeBlocks(): Message | undefined {
    const next = this.#blocks.shift();
    if (next === undefined) return undefined;
    this.#blockBytes -= bytesOf(next.blocks);
    return { $case: 'blocks', value: { origin: next.origin, blocks: [...next.blocks] } };
  }

  #takeHeads(): Message | undefined {
    if (this.#heads.size === 0 && !this.#frontierDue) return undefined;
    this.#frontierDue = false;
    const heads = [...this.#heads.values()].slice(0, LIMITS.foreignLogs);
    for (const { origin } of heads) this.#heads.delete(origin);
    return { $case: 'frontier', value: { heads } };
  }

  #takeMarks(): Message | undefined {
    if (this.#marks.size === 0) return undefined;
    const marks = [...this.#marks.values()].slice(0, MARKS_A_MESSAGE);
    for (const { origin } of marks) this.#marks.delete(origin);
    return { $case: 'states', value: { marks } };
  }
}

const MARKS_A_MESSAGE = 32;

const bytesOf = (blocks: readonly Uint8Array[]): number => blocks.reduce((sum, { length }) => sum + length, 0);
