import { assert, LIMITS } from '../../base/index.js';
import type { LogPosition, RecordedEvent } from '../../events/index.js';
import type { Views } from '../views/all.js';
import type { Applied, Partition, Sight } from './partition.js';
import type { Reading } from './reading.js';
import type { RowSource } from './row-source.js';
import { isViewDamaged } from './stored-row.js';

/** An event that contradicts what came before it in its log. The origin is frozen before it. */
export interface InvalidEvent {
  readonly position: LogPosition;
  readonly reason: string;
}

/** Runs functions over the views of one origin until they have had all rows that they read. */
export class Runner {
  readonly #partition: Partition;
  readonly #source: RowSource;
  readonly #onDamage: () => Promise<void>;

  /** `onDamage` is awaited before whoever ran into a damaged row is told. */
  constructor(partition: Partition, source: RowSource, onDamage: () => Promise<void>) {
    this.#partition = partition;
    this.#source = source;
    this.#onDamage = onDamage;
  }

  async complete<Value>(sight: Sight, work: (views: Views) => Value): Promise<Value> {
    const reading = this.#source.newReading();
    for (let rounds = 0; ; ) {
      this.#refresh(reading);
      const done = this.#partition.attempt(reading, sight, () => work(this.#partition.views));
      if (done !== undefined) return done.value;
      this.#partition.dropStaged();
      rounds = await this.#load(reading, rounds);
    }
  }

  /** One after another, each all or nothing; stops before the first that is not valid, which it returns. */
  async applyEach(sight: Sight, events: readonly RecordedEvent[]): Promise<InvalidEvent | undefined> {
    const reading = this.#source.newReading();
    for (const [index, recorded] of events.entries()) {
      for (let rounds = 0; ; ) {
        this.#refresh(reading);
        const applied = this.#stageNext(reading, sight, recorded);
        if (applied.kind === 'applied') break;
        this.#partition.dropStaged();
        if (applied.kind === 'invalid') return { position: recorded.envelope.position, reason: applied.reason };
        this.#lookAhead(reading, sight, events, index + 1);
        rounds = await this.#load(reading, rounds);
      }
      this.#partition.keepStaged(sight, recorded.envelope.position);
    }
    return undefined;
  }

  #stageNext(reading: Reading, sight: Sight, recorded: RecordedEvent): Applied {
    const { origin, epoch, sequence } = recorded.envelope.position;
    const { pendingPosition } = this.#partition;
    assert(origin === this.#partition.origin, 'an event is of another origin');
    assert(sequence === pendingPosition.sequence + 1 && epoch >= pendingPosition.epoch, 'events are applied one after another');
    return this.#partition.stage(reading, sight, recorded);
  }

  /** Finds out what later events lack too, each by itself on what is known now: one round then loads it for all. */
  #lookAhead(reading: Reading, sight: Sight, events: readonly RecordedEvent[], from: number): void {
    for (const recorded of events.slice(from)) {
      if (reading.missingKeys.size >= LIMITS.viewRowsPerRound / 2) return;
      // What comes of it means nothing: the events before it are not applied yet.
      this.#partition.stage(reading, sight, recorded);
      this.#partition.dropStaged();
    }
  }

  #refresh(reading: Reading): void {
    if (reading.generation !== this.#source.generation) reading.forget(this.#source.generation);
  }

  async #load(reading: Reading, rounds: number): Promise<number> {
    assert(rounds < LIMITS.viewRounds, 'a function over views asks for rows again and again');
    try {
      await this.#source.load(reading);
    } catch (error) {
      if (isViewDamaged(error)) await this.#onDamage();
      throw error;
    }
    return rounds + 1;
  }
}
