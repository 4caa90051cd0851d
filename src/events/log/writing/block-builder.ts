import { assert, CollectiveError, concatBytes, isCollectiveError, LIMITS, type MemberId } from '../../../base/index.js';
import type { Clock, Hasher } from '../../../ports/index.js';
import type { CollectiveEvent } from '../../catalogue/index.js';
import { BODY_OFFSET, entryBytes, writeEntry, type BlockContent, type StoredBlock } from '../../chain/index.js';
import { encodeEnvelope, envelopeBytesMax, eventCodec, type EncodedEvent } from '../../codec/index.js';
import type { EventDraft, RecordedEvent } from '../../event.js';
import type { Salts } from '../files/salts.js';
import type { Tail } from '../files/stored-records.js';
import type { BlockBuilder } from '../types.js';

export interface BuilderParts {
  readonly origin: MemberId;
  /** Of this block; that of the tail but for the block that starts another. */
  readonly epoch: number;
  readonly tail: Tail;
  readonly clock: Clock;
  readonly salts: Salts;
  readonly hasher: Hasher;
  /** Stores the block; called once, and then the builder is closed. */
  readonly store: (builder: OpenBlock) => Promise<StoredBlock>;
  /** The builder was given up. */
  readonly released: () => void;
}

/** The block being written, with what the log needs of it. */
export class OpenBlock implements BlockBuilder {
  readonly #parts: BuilderParts;
  readonly #events: RecordedEvent[] = [];
  readonly #eventHashes: Uint8Array[] = [];
  readonly #entries: Uint8Array[] = [];
  readonly #encoded = new WeakMap<CollectiveEvent, EncodedEvent>();
  #bytes = BODY_OFFSET;
  #lastTimeMs: number;
  #open = true;

  constructor(parts: BuilderParts) {
    this.#parts = parts;
    this.#lastTimeMs = parts.tail.timeMs;
  }

  get events(): readonly RecordedEvent[] {
    return this.#events;
  }

  /** What is to be signed. */
  content(): BlockContent {
    const firstTimeMs = this.#events[0]?.envelope.timeMs ?? this.#lastTimeMs;
    return { eventHashes: this.#eventHashes, body: concatBytes(this.#entries), firstTimeMs, lastTimeMs: this.#lastTimeMs };
  }

  fits(drafts: readonly EventDraft[]): boolean {
    if (this.#events.length + drafts.length > LIMITS.blockEvents) return false;
    return drafts.reduce((total, draft) => total + this.#bytesOf(draft), this.#bytes) <= LIMITS.blockBytes;
  }

  add(draft: EventDraft): RecordedEvent {
    const { type } = draft.event;
    assert(type !== 'LogKeyRotated' && type !== 'EpochStarted', 'keys and epochs change in blocks of their own');
    return this.addAlone(draft);
  }

  /** As `add`, also for what stands alone in its block. */
  addAlone(draft: EventDraft): RecordedEvent {
    assert(this.#open, 'a block is open while events are added');
    const { type, schemaVersion, payload } = this.#encode(draft.event);
    if (!this.fits([draft])) {
      throw new CollectiveError('LIMIT_EXCEEDED', 'The events of one command do not fit into one block of the log.', {
        next: 'Split the request into smaller ones.',
      });
    }
    const { origin, epoch, tail, clock, salts, hasher } = this.#parts;
    const salt = salts.next();
    const { actor, request, cause } = draft;
    const envelope = {
      position: { origin, epoch, sequence: tail.sequence + 1 + this.#events.length },
      timeMs: Math.max(Math.floor(clock.nowMs()), this.#lastTimeMs + 1),
      type,
      schemaVersion,
      actor,
      request,
      cause,
      payloadHash: hasher.sha256(salt, payload),
    };
    const envelopeBytes = encodeEnvelope(envelope);
    const entry = new Uint8Array(entryBytes(envelopeBytes.length, payload.length));
    writeEntry(entry, envelopeBytes, salt, payload);
    const recorded: RecordedEvent = { envelope, event: draft.event };
    this.#entries.push(entry);
    this.#eventHashes.push(hasher.sha256(envelopeBytes));
    this.#events.push(recorded);
    this.#bytes += entry.length;
    this.#lastTimeMs = envelope.timeMs;
    return recorded;
  }

  commit(): Promise<StoredBlock> {
    assert(this.#events.length > 0, 'a block that is committed has events');
    this.#close();
    return this.#parts.store(this);
  }

  discard(): void {
    this.#close();
    this.#parts.released();
  }

  #close(): void {
    assert(this.#open, 'a block is committed or discarded once');
    this.#open = false;
  }

  #encode(event: CollectiveEvent): EncodedEvent {
    const known = this.#encoded.get(event);
    if (known !== undefined) return known;
    const encoded = eventCodec.encode(event);
    this.#encoded.set(event, encoded);
    return encoded;
  }

  /** At most so many; none for an event that cannot be recorded, which `add` refuses with the reason. */
  #bytesOf(draft: EventDraft): number {
    try {
      return entryBytes(envelopeBytesMax(draft), this.#encode(draft.event).payload.length);
    } catch (error) {
      if (isCollectiveError(error)) return 0;
      throw error;
    }
  }
}
