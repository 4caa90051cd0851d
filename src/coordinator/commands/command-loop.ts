import { assert, CollectiveError, LIMITS, ok, toCollectiveError } from '../../base/index.js';
import type { Decision, DecisionContext } from '../../domain/index.js';
import type { Actor, BlockBuilder, EventDraft, EventLog, RecordedEvent, RequestRef } from '../../events/index.js';
import type { Clock, Timers } from '../../ports/index.js';
import type { ViewHost, Views } from '../../projections/index.js';
import { recordedEvents } from '../log/recorded-events.js';
import { type AppendGate, OPEN_GATE } from './append-gate.js';
import { answerEarlier, type EarlierOutcome } from './earlier-request.js';
import { HeldCommands } from './held-commands.js';
import { MemberBudgets } from './member-budgets.js';

/** Something that somebody wants changed. */
export interface Command<Answer> {
  readonly actor: Actor;
  /** Undefined for what the coordinator does of itself. */
  readonly request: RequestRef | undefined;
  /** Synchronous and pure; may run more than once. */
  decide(views: Views, context: DecisionContext): Decision;
  /** From the events that the command led to: now, or when it was first given. */
  answer(events: readonly RecordedEvent[]): Answer;
}

/** Whoever takes commands. */
export type Submits = Pick<CommandLoop, 'submit'>;

type Outcome = { readonly kind: 'events'; readonly events: readonly RecordedEvent[] } | EarlierOutcome;

interface Waiting {
  readonly command: Command<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Something that must not happen beside a command. */
interface Exclusive {
  readonly run: () => Promise<void>;
  readonly reject: (error: unknown) => void;
}

interface Settled {
  readonly waiting: Waiting;
  readonly outcome: Outcome;
}

/**
 * The log's one writer. Commands that wait while a block is being synced share the next one; each is decided against the views
 * as the commands before it left them; nobody gets an answer, not even a refusal, before the block that it rests on is durable
 * here and wherever else the gate says. The next block does not wait for that.
 */
export class CommandLoop {
  /** What the calls of other members may add. */
  readonly budgets: MemberBudgets;
  readonly #log: EventLog;
  readonly #views: ViewHost;
  readonly #clock: Clock;
  readonly #gate: AppendGate;
  readonly #queue: Waiting[] = [];
  readonly #exclusive: Exclusive[] = [];
  readonly #held: HeldCommands<Waiting>;
  readonly #answering = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #stopped: CollectiveError | undefined;
  #onFailure: (error: CollectiveError) => void = () => undefined;

  constructor(options: {
    readonly log: EventLog;
    readonly views: ViewHost;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly gate?: AppendGate;
  }) {
    this.#log = options.log;
    this.#views = options.views;
    this.#clock = options.clock;
    this.#gate = options.gate ?? OPEN_GATE;
    this.budgets = new MemberBudgets(options.clock);
    this.#held = new HeldCommands(options.timers, LIMITS.witnessPatienceMs);
    this.#gate.onChange(() => {
      if (this.#held.size === 0 || this.#stopped !== undefined) return;
      this.#queue.unshift(...this.#held.release());
      this.#running ??= this.#run();
    });
  }

  /** Told once when the log or a view failed: nothing can be changed any more, and the process has to end. */
  onFailure(listener: (error: CollectiveError) => void): void {
    this.#onFailure = listener;
  }

  /**
   * The answer, once it is durable. Errors: the decision's own, UNAVAILABLE (stopping), LOG_FAILED, LIMIT_EXCEEDED; LOG_READ_ONLY
   * where nothing was recorded, WITNESSES_UNREACHABLE where that is not known.
   */
  submit<Answer>(command: Command<Answer>): Promise<Answer> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    if (this.#queue.length + this.#held.size >= LIMITS.commandQueueLength) {
      return Promise.reject(
        new CollectiveError('LIMIT_EXCEEDED', `${LIMITS.commandQueueLength} commands are waiting already.`, {
          next: 'Try again in a moment.',
        }),
      );
    }
    const answered = new Promise<Answer>((resolve, reject) => {
      this.#queue.push({ command: this.budgets.bound(command), resolve: (answer) => resolve(answer as Answer), reject });
    });
    this.#running ??= this.#run();
    return answered;
  }

  /** Whether commands wait to be decided. */
  get busy(): boolean {
    return this.#queue.length > 0;
  }

  /** Runs it between two blocks: commands wait meanwhile. Errors: what it threw, UNAVAILABLE (stopping), LOG_FAILED. */
  exclusively<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const done = new Promise<Value>((resolve, reject) => {
      this.#exclusive.push({ run: () => work().then(resolve, reject), reject });
    });
    this.#running ??= this.#run();
    return done;
  }

  /** Finishes what was submitted, then refuses everything. */
  async stop(): Promise<void> {
    this.#stopped ??= new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.', { next: 'Try again when it is back.' });
    for (const waiting of this.#held.release()) waiting.reject(this.#stopped);
    await this.#running;
    await Promise.all(this.#answering);
  }

  async #run(): Promise<void> {
    try {
      // Whoever submits in this turn of the event loop shares the first block.
      await Promise.resolve();
      while (this.#queue.length > 0 || this.#exclusive.length > 0) {
        const exclusive = this.#exclusive.shift();
        if (exclusive !== undefined) {
          await exclusive.run();
          continue;
        }
        if (this.#answering.size >= LIMITS.witnessBlocksAhead) await Promise.race(this.#answering);
        const { refusal } = this.#gate;
        if (refusal === undefined) await this.#writeBlock();
        else await this.#withoutBlock(refusal);
      }
    } catch (error) {
      this.#fail(toCollectiveError(error));
    } finally {
      this.#running = undefined;
    }
  }

  async #writeBlock(): Promise<void> {
    const block = this.#log.begin();
    const settled: Settled[] = [];
    while (block.events.length < LIMITS.blockEvents) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) break;
      try {
        const outcome = await this.#decide(waiting.command, block);
        if (outcome === 'full') {
          this.#queue.unshift(waiting);
          break;
        }
        settled.push({ waiting, outcome });
      } catch (error) {
        // Part of the command may be in the block: give the block up, and decide the other commands anew.
        block.discard();
        this.#views.discardPending();
        this.#queue.unshift(...settled.map((each) => each.waiting));
        if (this.#mayPass(error)) this.#queue.unshift(waiting);
        else waiting.reject(error);
        if (this.#endsTheLoop(error)) throw error;
        return;
      }
    }
    if (block.events.length === 0) block.discard();
    else await this.#commit(block, settled);
    await this.#tell(settled);
    if (this.#views.flushDue) await this.#views.flush();
  }

  /** Nothing can be recorded: only those get an answer for whom nothing has to be. */
  async #withoutBlock(refusal: NonNullable<AppendGate['refusal']>): Promise<void> {
    const settled: Settled[] = [];
    for (let waiting = this.#queue.shift(); waiting !== undefined; waiting = this.#queue.shift()) {
      try {
        const outcome = await this.#decide(waiting.command, undefined);
        if (outcome !== 'full') settled.push({ waiting, outcome });
        else if (!refusal.mayPass) waiting.reject(refusal.error);
        else this.#held.hold(waiting, () => this.#gate.refusal?.error ?? refusal.error);
      } catch (error) {
        if (this.#mayPass(error)) {
          this.#queue.unshift(waiting);
          break;
        }
        waiting.reject(error);
        if (this.#endsTheLoop(error)) throw error;
      }
    }
    // It may have passed meanwhile.
    if (this.#gate.refusal === undefined) this.#queue.unshift(...this.#held.release());
    await this.#tell(settled);
  }

  /** Answers what may be told now, and leaves the rest to answer itself when it may. */
  async #tell(settled: readonly Settled[]): Promise<void> {
    const { sequence } = this.#log.head;
    if (settled.length === 0) return;
    if (this.#gate.isSettled(sequence)) {
      await Promise.all(settled.map((each) => this.#answer(each)));
      return;
    }
    const answering = this.#gate
      .settled(sequence)
      .then(
        async () => {
          await Promise.all(settled.map((each) => this.#answer(each)));
        },
        (error: unknown) => {
          for (const { waiting } of settled) waiting.reject(error);
        },
      )
      .finally(() => this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  /** Durable first; then visible; then (by the caller) answered. */
  async #commit(block: BlockBuilder, settled: Settled[]): Promise<void> {
    try {
      await block.commit();
      this.#views.commitPending();
    } catch (error) {
      this.#views.discardPending();
      for (const { waiting } of settled.splice(0)) waiting.reject(error);
      if (this.#endsTheLoop(error)) throw error;
    }
  }

  /** Damage to a view, where somebody waits to mend it. */
  #mayPass(error: unknown): boolean {
    return toCollectiveError(error).code === 'VIEW_DAMAGED' && this.#exclusive.length > 0;
  }

  /** A full disk only refuses; a log or a view that failed is the end. */
  #endsTheLoop(error: unknown): boolean {
    const { code } = toCollectiveError(error);
    return code === 'LOG_FAILED' || code === 'LOG_DAMAGED' || (code === 'VIEW_DAMAGED' && !this.#mayPass(error));
  }

  /** Full: the events have no room in this block; without a block there is room for none. */
  async #decide(command: Command<unknown>, block: BlockBuilder | undefined): Promise<Outcome | 'full'> {
    const { actor, request } = command;
    const nowMs = this.#clock.nowMs();
    let full = false;
    const transacted = await this.#views.transact<EarlierOutcome | undefined>({
      decide: (views, nextPosition) => {
        const earlier = request === undefined ? undefined : views.requests.get(actor, request.id);
        if (earlier !== undefined && request !== undefined) return ok({ drafts: [], value: answerEarlier(earlier, request) });
        const decided = command.decide(views, { nowMs, actor, nextPosition });
        if (!decided.ok) return decided;
        const drafts = decided.value.map((event): EventDraft => ({ event, actor, request, cause: undefined }));
        full = block === undefined ? drafts.length > 0 : !block.fits(drafts);
        return full ? ok({ drafts: [], value: undefined }) : ok({ drafts, value: undefined });
      },
      record: (drafts) => drafts.map((draft) => recordIn(block, draft)),
    });
    if (!transacted.ok) return { kind: 'refused', error: transacted.error };
    if (full) return block === undefined || block.events.length > 0 ? 'full' : tooLarge();
    const { value, events } = transacted.value;
    return value ?? { kind: 'events', events };
  }

  async #answer({ waiting, outcome }: Settled): Promise<void> {
    try {
      if (outcome.kind === 'refused') {
        waiting.reject(outcome.error);
        return;
      }
      const events =
        outcome.kind === 'events' ? outcome.events : await recordedEvents(this.#log, outcome.firstSequence, outcome.count);
      waiting.resolve(waiting.command.answer(events));
    } catch (error) {
      waiting.reject(error);
    }
  }

  #fail(error: CollectiveError): void {
    this.#stopped = error;
    for (const waiting of [...this.#queue.splice(0), ...this.#held.release(), ...this.#exclusive.splice(0)])
      waiting.reject(error);
    this.#onFailure(error);
  }
}

function recordIn(block: BlockBuilder | undefined, draft: EventDraft): RecordedEvent {
  assert(block !== undefined, 'without a block nothing is recorded');
  return block.add(draft);
}

const tooLarge = (): Outcome => ({
  kind: 'refused',
  error: new CollectiveError('LIMIT_EXCEEDED', 'The command would take more than one block of the log.', {
    next: 'Ask for less at once.',
  }),
});
