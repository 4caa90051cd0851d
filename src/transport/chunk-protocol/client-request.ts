import { CollectiveError } from '../../base/index.js';
import { LeafReceiver } from '../../chunks/index.js';
import type { Hasher } from '../../ports/index.js';
import { FRAME, type FrameType } from './frames.js';
import { type ChunkHead, decodeChunkHead, decodeError, violation } from './messages.js';

/** What a client waits for. */
export interface Expected {
  /** The frame that answers it. */
  readonly answer: FrameType;
  /** For a chunk: where its bytes go. `check` throws PROTOCOL_ERROR unless the head announces what was asked for. */
  readonly into?: { readonly buffer: Uint8Array; readonly hasher: Hasher; check(head: ChunkHead): void };
}

export interface Reply {
  readonly body: Uint8Array;
  /** A chunk's bytes as they came, hashed on the way and not yet checked. */
  readonly chunk: { readonly head: ChunkHead; readonly leaves: LeafReceiver } | undefined;
}

/** One request of a client, until its last frame has come. */
export class ClientRequest {
  readonly reply: Promise<Reply>;
  readonly #expected: Expected;
  #settle: (outcome: Reply | CollectiveError) => void = () => undefined;
  #receiving: Reply['chunk'];
  #over = false;

  constructor(expected: Expected) {
    this.#expected = expected;
    this.reply = new Promise((resolve, reject) => {
      this.#settle = (outcome) => (outcome instanceof CollectiveError ? reject(outcome) : resolve(outcome));
    });
  }

  /** The other end sends nothing more for it. */
  get over(): boolean {
    return this.#over;
  }

  fail(error: CollectiveError): void {
    this.#finish(error);
  }

  /** Error: PROTOCOL_ERROR for a frame that does not answer this request. */
  frame(type: FrameType, body: Uint8Array): void {
    if (type === FRAME.error) {
      this.#finish(decodeError(body));
      return;
    }
    const answers = type === this.#expected.answer && this.#receiving === undefined;
    if (!answers) throw violation(`A frame of type ${type} does not answer the request.`);
    if (type === FRAME.chunk) this.#receiving = this.#begin(decodeChunkHead(body));
    else this.#finish({ body: body.slice(), chunk: undefined });
  }

  data(bytes: Uint8Array): void {
    const chunk = this.#receiving;
    if (chunk === undefined || bytes.length > chunk.leaves.missing) throw violation('More data arrived than was announced.');
    chunk.leaves.append(bytes);
    if (chunk.leaves.complete) this.#finish({ body: new Uint8Array(0), chunk });
  }

  #begin(head: ChunkHead): Reply['chunk'] {
    const { into } = this.#expected;
    if (into === undefined) throw violation('A chunk arrived that nobody asked for.');
    into.check(head);
    return { head, leaves: new LeafReceiver(into.hasher, into.buffer, head.bytes) };
  }

  #finish(outcome: Reply | CollectiveError): void {
    this.#over = true;
    this.#settle(outcome);
  }
}
