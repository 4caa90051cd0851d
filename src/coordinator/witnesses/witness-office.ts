import { CollectiveError, type MemberId, type NodeId } from '../../base/index.js';
import { decideWitnesses, type WitnessWish } from '../../domain/index.js';
import type { EventLog, Head, LogContinuation, LogPosition, RequestRef } from '../../events/index.js';
import type { Hasher, Logger, SignatureVerifier, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { AppendGate } from '../commands/append-gate.js';
import type { Command, CommandLoop } from '../commands/command-loop.js';
import { WitnessChooser } from './chooser.js';
import { describeKeeper } from './keeper.js';
import { admittedMembers, goneKeepers } from './keepers-on-record.js';
import type { MemberSession } from './member-keeper.js';
import { WitnessDesk } from './witness-desk.js';
import { type WitnessReport, witnessReport } from './witness-report.js';
import { WitnessService } from './witness-service.js';

export interface WitnessOfficeOptions {
  readonly origin: MemberId;
  readonly log: EventLog & Pick<LogContinuation, 'adopt'>;
  readonly views: ViewHost;
  readonly ownDiskId: string;
  readonly assertLatest: boolean;
  /** Whether other members are chosen as witnesses too, where no node on another disk is here. */
  readonly membersToo: boolean;
  /** Whether a node has a session, with a copy of the log or without one. */
  readonly isHere: (nodeId: NodeId) => boolean;
  readonly assertedHead?: LogPosition;
  /** SPKI DER of the log keys that are at hand. */
  readonly signingKeys: readonly Uint8Array[];
  readonly timers: Timers;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** Everything about the copies of the own log at other places. */
export class WitnessOffice {
  readonly service: WitnessService;
  readonly #desk: WitnessDesk;
  readonly #options: WitnessOfficeOptions;
  #chooser: WitnessChooser | undefined;
  #commands: CommandLoop | undefined;

  static async open(options: WitnessOfficeOptions): Promise<WitnessOffice> {
    const { current, gone } = await options.views.run((views) => ({
      current: views.witnesses.current(),
      gone: goneKeepers(views),
    }));
    const { assertedHead, log } = options;
    const asserted = assertedHead?.epoch === log.head.epoch && assertedHead.sequence === log.head.sequence;
    const assertLatest = options.assertLatest || asserted;
    return new WitnessOffice(options, new WitnessDesk({ ...options, assertLatest }, current, gone));
  }

  private constructor(options: WitnessOfficeOptions, desk: WitnessDesk) {
    this.#options = options;
    this.#desk = desk;
    this.service = new WitnessService({ ...options, host: desk });
  }

  get gate(): AppendGate {
    return this.#desk;
  }

  /** How far the own log may be told of. */
  get settledLog(): Pick<WitnessDesk, 'settledSequence' | 'onSettled' | 'isToKeep'> {
    return this.#desk;
  }

  /** Told after the own log was completed by what others held of it, and the views with it; must not throw. One listener. */
  onCompleted(listener: () => void): void {
    this.#desk.onCompleted = listener;
  }

  /** Waits until what is shown now is held by enough witnesses, or it is clear that it will not be for a while. */
  readonly seen = (): Promise<void> => this.#desk.seen();

  /** Begins to find out whether this log is the latest; nothing is recorded before. */
  async start(commands: CommandLoop): Promise<void> {
    const { views } = this.#options;
    const chooser = new WitnessChooser({ ...this.#options, desk: this.#desk, commands });
    this.#commands = commands;
    this.#chooser = chooser;
    this.#desk.onLooked = () => void chooser.choose();
    this.#desk.start(await views.run((all) => all.nodes.all().length + admittedMembers(all).length));
  }

  stop(): void {
    this.#desk.stop();
  }

  /** Another member's coordinator has said how far its copy of this log goes, all of it durable there; undefined: it has none. */
  heardMember(session: MemberSession, head: Head | undefined): void {
    this.#desk.heardMember(session, head);
  }

  /** Something is different: others may have to keep the log now. */
  look(): void {
    this.#desk.look();
  }

  /**
   * An operator names the witnesses; `evenAlone` although those before cannot be asked. Errors: NOT_FOUND, REQUEST_INVALID,
   * LOG_READ_ONLY, WITNESSES_UNREACHABLE.
   */
  async name(
    wish: Omit<WitnessWish, 'evenIfSame'> & { readonly evenAlone: boolean },
    caller: { readonly actor: Command<void>['actor']; readonly request: RequestRef },
  ): Promise<void> {
    const commands = this.#started();
    this.#desk.teach([...wish.nodeIds, ...wish.members]);
    const submit = (): Promise<void> =>
      commands.submit<void>({
        ...caller,
        decide: (views) => decideWitnesses({ ...wish, evenIfSame: true }, views),
        answer: () => undefined,
      });
    await (wish.evenAlone ? this.#desk.overriding(submit) : submit());
  }

  /** An operator leaves the choice to the coordinator again; `lost`: those before who are not here are lost for good. */
  async chooseAnew(how: { readonly lost: boolean }): Promise<void> {
    this.#started();
    await this.#chooser?.chooseAnew(how);
  }

  report(): Promise<WitnessReport> {
    return witnessReport(this.#desk, this.#options);
  }

  /**
   * Blocks of the own log from whichever node has them, for what is damaged here. Not verified. Error: WITNESSES_UNREACHABLE when
   * nobody has them.
   */
  async *blocks(
    range: { readonly fromSequence: number; readonly toSequence: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for (const link of this.#desk.links.values()) {
      if (link.standing.kind !== 'behind' || (link.head?.sequence ?? 0) < range.fromSequence) continue;
      try {
        for (const block of await link.read(range.fromSequence, range.toSequence, AbortSignal.any([signal, link.ended])))
          yield block;
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        this.#options.logger.warn('a witness could not give back blocks', { keeper: describeKeeper(link.id), error });
      }
    }
    throw new CollectiveError('WITNESSES_UNREACHABLE', `Nobody who is here keeps event ${range.fromSequence}.`, {
      next: 'Start those that keep the log: collective witness list',
    });
  }

  #started(): CommandLoop {
    if (this.#commands === undefined) throw new CollectiveError('UNAVAILABLE', 'The coordinator is starting.');
    return this.#commands;
  }
}
