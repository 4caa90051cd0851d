import { CollectiveError, isMemberId, LIMITS, type MemberId, type NodeId, toCollectiveError } from '../../base/index.js';
import type { Head } from '../../events/index.js';
import type { Timers } from '../../ports/index.js';
import { errorOfFailure, type KeepRequest, type KeepResponse, type KeptHead } from '../../transport/index.js';
import { BoundedQueue } from '../bounded-queue.js';
import type { Keeper, Standing } from './keeper.js';

const QUEUED_MESSAGES = 256;
const READS_IN_FLIGHT = 4;
const DISK_ID_CHARACTERS = 128;
const HASH_BYTES = 32;

interface Reading {
  readonly resolve: (blocks: readonly Uint8Array[]) => void;
  readonly reject: (error: CollectiveError) => void;
}

/** What a node begins its stream with. */
export interface WitnessHello {
  readonly diskId: string;
  readonly copies: readonly KeptHead[];
}

/** One node's open stream: what its copy of the own log holds, blocks down, and blocks back up. */
export class WitnessLink implements Keeper {
  readonly nodeId: NodeId;
  readonly diskId: string;
  readonly origin: MemberId;
  standing: Standing = { kind: 'unknown' };
  /** It has not answered for too long; over with its next answer. */
  stalled = false;
  /** Last event that was sent there. */
  sentSequence = 0;
  readonly #down = new BoundedQueue<KeepResponse>(QUEUED_MESSAGES);
  readonly #ended = new AbortController();
  readonly #reads = new Map<number, Reading>();
  readonly #timers: Timers;
  readonly #inFlight: { readonly sequence: number; readonly bytes: number }[] = [];
  #head: Head | undefined;
  /** It was told to begin anew, and has not said yet that it did. */
  #beginningAnew = false;
  #nextOrderId = 1;
  #wake: (() => void) | undefined;

  constructor(node: { readonly nodeId: NodeId; readonly origin: MemberId; readonly timers: Timers }, hello: WitnessHello) {
    const { nodeId, origin, timers } = node;
    this.nodeId = nodeId;
    this.origin = origin;
    this.#timers = timers;
    this.diskId = hello.diskId.slice(0, DISK_ID_CHARACTERS);
    this.#head = hello.copies.map(headOf).find((head) => head?.origin === origin);
  }

  get id(): NodeId {
    return this.nodeId;
  }

  /** How far its copy goes, by its own word; undefined: it has none. */
  get head(): Head | undefined {
    return this.#head;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get inFlightBytes(): number {
    return this.#inFlight.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  messages(signal: AbortSignal): AsyncIterable<KeepResponse> {
    return this.#down.drain(signal);
  }

  keep(blocks: readonly Uint8Array[], lastSequence: number): void {
    this.sentSequence = lastSequence;
    this.#inFlight.push({ sequence: lastSequence, bytes: blocks.reduce((sum, { length }) => sum + length, 0) });
    this.#down.push({ message: { $case: 'keep', value: { origin: this.origin, blocks: [...blocks] } } });
  }

  setAside(): void {
    this.#head = undefined;
    this.#beginningAnew = true;
    this.#inFlight.splice(0);
    this.#down.push({ message: { $case: 'setAside', value: { origin: this.origin } } });
  }

  /**
   * A page of its copy: blocks from the one that holds the event on. Errors: those of the node, NODE_UNREACHABLE (also when it
   * does not answer within LIMITS.witnessReadMs), CANCELLED.
   */
  async read(fromSequence: number, toSequence: number, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    if (this.#ended.signal.aborted) throw gone(this.nodeId);
    if (this.#reads.size >= READS_IN_FLIGHT) throw new CollectiveError('LIMIT_EXCEEDED', 'The node is asked for blocks already.');
    const orderId = this.#nextOrderId;
    this.#nextOrderId += 1;
    const onAbort = (): void => this.#reads.get(orderId)?.reject(new CollectiveError('CANCELLED', 'The reading was cancelled.'));
    const timer = this.#timers.after(LIMITS.witnessReadMs, () => this.#reads.get(orderId)?.reject(mute(this.nodeId)));
    try {
      return await new Promise<readonly Uint8Array[]>((resolve, reject) => {
        this.#reads.set(orderId, { resolve, reject });
        signal.addEventListener('abort', onAbort, { once: true });
        if (signal.aborted) onAbort();
        else {
          const value = { orderId, origin: this.origin, fromSequence, toSequence };
          this.#down.push({ message: { $case: 'read', value } });
        }
      });
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      this.#reads.delete(orderId);
    }
  }

  /** Takes what came up. Returns whether its head has moved. Error: REQUEST_INVALID. */
  take({ message }: KeepRequest): boolean {
    switch (message?.$case) {
      case 'kept':
        return this.#kept(message.value);
      case 'refused': {
        const failure = message.value.failure;
        const error = failure === undefined ? new CollectiveError('IO_FAILED', 'It gave no reason.') : errorOfFailure(failure);
        this.standing = { kind: 'failing', error };
        this.wake();
        return true;
      }
      case 'page': {
        const { orderId, blocks, failure } = message.value;
        const reading = this.#reads.get(orderId);
        if (failure === undefined) reading?.resolve(blocks);
        else reading?.reject(errorOfFailure(failure));
        return false;
      }
      default:
        throw new CollectiveError('REQUEST_INVALID', 'A stream for copies has one hello, and no messages of unknown kinds.');
    }
  }

  /** Waits until there may be something to send. */
  async idle(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  wake(): void {
    this.#wake?.();
  }

  close(reason: CollectiveError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    this.#down.end(reason);
    for (const reading of this.#reads.values()) reading.reject(gone(this.nodeId));
    this.wake();
  }

  get reason(): CollectiveError {
    return toCollectiveError(this.#ended.signal.reason, 'UNAVAILABLE');
  }

  #kept(value: KeptHead): boolean {
    const head = headOf(value);
    if (value.origin !== this.origin || (this.#beginningAnew && head !== undefined)) return false;
    this.#beginningAnew = false;
    this.#head = head;
    this.stalled = false;
    const sequence = head?.sequence ?? 0;
    while ((this.#inFlight[0]?.sequence ?? Number.POSITIVE_INFINITY) <= sequence) this.#inFlight.shift();
    this.wake();
    return true;
  }
}

function headOf({ origin, epoch, sequence, headerHash }: KeptHead): Head | undefined {
  if (sequence === 0) return undefined;
  if (!isMemberId(origin) || epoch < 1 || headerHash.length !== HASH_BYTES) {
    throw new CollectiveError('REQUEST_INVALID', 'The head of a copy has an origin, an epoch and a hash.');
  }
  return { origin, epoch, sequence, headerHash };
}

const gone = (nodeId: NodeId): CollectiveError =>
  new CollectiveError('NODE_UNREACHABLE', `Node ${nodeId} has no stream for copies of the log.`);

const mute = (nodeId: NodeId): CollectiveError =>
  new CollectiveError('NODE_UNREACHABLE', `Node ${nodeId} does not give what it says it keeps of the log.`);
