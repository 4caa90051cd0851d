import { CollectiveError, equalBytes, isCollectiveError, isMemberId, toCollectiveError } from '../../base/index.js';
import { type LogCopy, openLogCopy } from '../../events/index.js';
import { openCa, type PeerMember } from '../../identity/index.js';
import type { Clock, FileSystem, Hasher, Logger, Random, SignatureVerifier, Timers } from '../../ports/index.js';
import { type GatherOptions, type Gathering, gatherWitnesses } from './gathering.js';
import { byHead, describeKeeper, type Keeper, type KeeperId } from './keeper.js';
import { RecoveryPeers } from './recovery-peers.js';
import { WitnessesInLog } from './witnesses-in-log.js';

const LOOK_MS = 100;
/** After enough have answered, others get so long to come with more. */
const QUIET_MS = 2_000;
/** The same for other members, where all that answered might lie on the disk that was lost. */
const MEMBERS_MS = 8_000;

/** How far the copy of somebody who answered goes. */
export interface CopyAnswer {
  readonly id: KeeperId;
  readonly epoch: number;
  readonly sequence: number;
  /** Of the recovered log; undefined: not compared yet. */
  readonly fits: boolean | undefined;
}

export interface RecoverLogOptions extends GatherOptions {
  /** Where the log is made: new, its parent exists. */
  readonly directory: string;
  readonly waitMs: number;
  /** Given up already when nobody at all came by then. */
  readonly firstWithinMs?: number;
  /** Go on when the time is over, with whoever has answered. */
  readonly acceptFewer: boolean;
  /** Other members' coordinators to ask at once; those whom the log names are asked too, as it comes. */
  readonly peers?: readonly PeerMember[];
  /** Of them, those whose certificate authority is only what they say: what they give is taken, and does not count as an answer. */
  readonly unproven?: readonly PeerMember[];
  /** Where no witness is named: whether the word of all other members is enough, though the last changes may have been here only. */
  readonly membersAreEnough: boolean;
  readonly onAnswers: (answers: readonly CopyAnswer[]) => void;
  readonly ports: {
    readonly clock: Clock;
    readonly random: Random;
    readonly fileSystem: FileSystem;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
    readonly timers: Timers;
    readonly logger: Logger;
  };
}

export interface RecoveredLog {
  readonly answers: readonly CopyAnswer[];
  readonly headSequence: number;
  /** Whoever holds the last acknowledged block has answered. */
  readonly certain: boolean;
  /** All witnesses have answered: nothing of this log is anywhere else. */
  readonly complete: boolean;
}

/**
 * Makes the log anew from the copies at nodes, which dial in to where their coordinator was, and at other members. Errors: WITNESSES_UNREACHABLE when too
 * few came, LOG_FORKED when two copies contradict each other, CANCELLED.
 */
export async function recoverLog(options: RecoverLogOptions, signal: AbortSignal): Promise<RecoveredLog> {
  const { origin, ports, directory } = options;
  return gatherWitnesses(options, async (gathering) => {
    const copy = await openLogCopy({ ...ports, directory, origin });
    const peers = new RecoveryPeers({ ...options, ...ports, onKeeper: (keeper) => gathering.links.set(keeper.id, keeper) });
    const unproven = new RecoveryPeers({ ...options, ...ports, onKeeper: (keeper) => gathering.unproven.add(keeper) });
    for (const peer of options.peers ?? []) peers.ask(peer);
    for (const peer of options.unproven ?? []) unproven.ask(peer);
    try {
      return await new Recovery(options, gathering, { copy, peers }, signal).run();
    } finally {
      await Promise.all([peers.close(), unproven.close()]);
      await copy.close();
    }
  });
}

class Recovery {
  readonly #options: RecoverLogOptions;
  readonly #host: Gathering;
  readonly #copy: LogCopy;
  readonly #peers: RecoveryPeers;
  readonly #signal: AbortSignal;
  readonly #known = new WitnessesInLog();
  readonly #fits = new Map<KeeperId, boolean>();
  readonly #failed = new Set<Keeper>();
  #said = '';
  #waitedMs = 0;
  #quietMs = 0;

  constructor(
    options: RecoverLogOptions,
    host: Gathering,
    { copy, peers }: { readonly copy: LogCopy; readonly peers: RecoveryPeers },
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#host = host;
    this.#copy = copy;
    this.#peers = peers;
    this.#signal = signal;
  }

  async run(): Promise<RecoveredLog> {
    const { timers, logger } = this.#options.ports;
    for (;;) {
      const grown = await this.#takeLongest();
      await this.#compare();
      this.#tell();
      const { certain, complete, everybody } = this.#counted();
      if (grown) this.#quietMs = 0;
      const waited = this.#waitedMs >= this.#options.waitMs;
      const quietMs = this.#membersMissing() ? MEMBERS_MS : QUIET_MS;
      const enough = (certain || (everybody && this.#options.membersAreEnough)) && this.#quietMs >= quietMs;
      if (complete || enough || (waited && (certain || this.#options.acceptFewer))) {
        if (this.#copy.head.sequence === 0) throw this.#tooFew();
        logger.info('the log was recovered', { head: this.#copy.head.sequence, certain, complete });
        return { answers: this.#answers(), headSequence: this.#copy.head.sequence, certain, complete };
      }
      const nobody = this.#host.links.size === 0 && this.#waitedMs >= (this.#options.firstWithinMs ?? this.#options.waitMs);
      if (waited || nobody) throw this.#tooFew();
      await timers.sleep(LOOK_MS, this.#signal);
      this.#waitedMs += LOOK_MS;
      this.#quietMs += LOOK_MS;
    }
  }

  /** Takes over what the one that goes furthest has more. */
  async #takeLongest(): Promise<boolean> {
    const all = [...this.#host.links.values(), ...this.#host.unproven];
    const [longest] = all.filter((link) => !this.#failed.has(link) && this.#goesOn(link)).sort(byHead);
    if (longest === undefined) return false;
    try {
      await this.#take(longest);
      return true;
    } catch (error) {
      if (this.#signal.aborted || (isCollectiveError(error) && error.code === 'LOG_FORKED')) throw error;
      this.#failed.add(longest);
      this.#options.ports.logger.warn('somebody could not give back all of the log', {
        keeper: describeKeeper(longest.id),
        error: toCollectiveError(error),
      });
      return false;
    }
  }

  async #take(link: Keeper): Promise<void> {
    const target = link.head?.sequence ?? 0;
    const signal = AbortSignal.any([this.#signal, link.ended]);
    while (this.#goesOn(link)) {
      const had = this.#copy.head;
      const from = this.#known.firstToAsk(had, link.head);
      const blocks = await link.read(from, target, signal);
      await this.#copy.append(blocks);
      const { head } = this.#copy;
      if (head.epoch === had.epoch && head.sequence <= had.sequence)
        throw new CollectiveError('PROTOCOL_ERROR', 'It gave blocks that lead nowhere.');
      for await (const block of this.#copy.read({ fromSequence: Math.min(had.sequence, head.sequence - 1) + 1, signal }))
        this.#known.note(block);
      this.#askMembers();
    }
  }

  /** The log says who else has it, and where. */
  #askMembers(): void {
    for (const { memberId, caCertificate, endpoints } of this.#known.members()) {
      const ca = openCa(caCertificate);
      if (ca.ok && endpoints.length > 0) this.#peers.ask({ memberId, ca: ca.value, previousCas: [], endpoints });
    }
  }

  #membersMissing(): boolean {
    return this.#known.members().some(({ memberId }) => !this.#host.links.has(memberId));
  }

  #goesOn({ head }: Keeper): boolean {
    const own = this.#copy.head;
    return head !== undefined && (head.epoch > own.epoch || (head.epoch === own.epoch && head.sequence > own.sequence));
  }

  /** Whether what the others hold is part of what was recovered. */
  async #compare(): Promise<void> {
    for (const { id, head } of this.#host.links.values()) {
      if (head === undefined || head.sequence > this.#copy.head.sequence || this.#fits.has(id)) continue;
      let fits = false;
      for await (const block of this.#copy.read({ fromSequence: head.sequence, toSequence: head.sequence })) {
        fits = block.lastSequence === head.sequence && equalBytes(block.headerHash, head.headerHash);
      }
      this.#fits.set(id, fits);
      if (!fits && head.epoch === this.#copy.head.epoch) {
        throw new CollectiveError(
          'LOG_FORKED',
          `The copy at ${describeKeeper(id)} contradicts others at event ${head.sequence}.`,
          {
            next: 'Stop whoever has the copy that is not to count, and recover again; keep its folder.',
            details: { keeper: id },
          },
        );
      }
    }
  }

  #counted(): ReturnType<WitnessesInLog['counted']> {
    const answered = [...this.#host.links.values()].filter(
      ({ id, head }) => this.#fits.get(id) !== undefined || this.#isLongest(id) || (head === undefined && isMemberId(id)),
    );
    return this.#known.counted(answered.map(({ id, head }) => ({ id, sequence: head?.sequence ?? 0 })));
  }

  #isLongest(id: KeeperId): boolean {
    return this.#host.links.get(id)?.head?.sequence === this.#copy.head.sequence;
  }

  #answers(): readonly CopyAnswer[] {
    return [...this.#host.links.values(), ...this.#host.unproven].map(({ id, head }) => ({
      id,
      epoch: head?.epoch ?? 0,
      sequence: head?.sequence ?? 0,
      fits: this.#fits.get(id),
    }));
  }

  #tell(): void {
    const answers = this.#answers();
    const text = JSON.stringify(answers);
    if (text === this.#said) return;
    this.#said = text;
    this.#options.onAnswers(answers);
  }

  #tooFew(): CollectiveError {
    const answers = this.#answers();
    const { needed, here, of } = this.#known.summary(answers.map(({ id }) => id));
    if (this.#copy.head.sequence === 0) {
      return new CollectiveError('WITNESSES_UNREACHABLE', 'No node came that keeps the log, and no other member gave it.', {
        next: 'Start the nodes, or name a member with --peer, and recover again; nothing was changed.',
      });
    }
    const others = answers.length - here;
    const had =
      others === 0
        ? ''
        : ` ${others === 1 ? 'Somebody else' : `${others} others`} gave the log up to event ${this.#copy.head.sequence}.`;
    return new CollectiveError(
      'WITNESSES_UNREACHABLE',
      `${needed} of the ${of} witnesses have to answer, so that nothing acknowledged is missing; ${here} did.${had}`,
      {
        next: 'Start the witnesses that live and recover again; nothing was changed. If they are lost for good, take what was given: the same command with --accept-fewer',
      },
    );
  }
}
