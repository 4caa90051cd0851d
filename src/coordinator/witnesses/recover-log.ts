import { CollectiveError, equalBytes, isCollectiveError, type NodeId, toCollectiveError } from '../../base/index.js';
import { type LogCopy, openLogCopy } from '../../events/index.js';
import type { FileSystem, Hasher, Logger, SignatureVerifier, Timers } from '../../ports/index.js';
import { type GatherOptions, type Gathering, gatherWitnesses } from './gathering.js';
import { byHead } from './keeper.js';
import type { WitnessLink } from './witness-link.js';
import { WitnessesInLog } from './witnesses-in-log.js';

const LOOK_MS = 100;
/** After enough have answered, others get so long to come with more. */
const QUIET_MS = 2_000;

/** How far the copy of somebody who answered goes. */
export interface CopyAnswer {
  readonly nodeId: NodeId;
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
  readonly onAnswers: (answers: readonly CopyAnswer[]) => void;
  readonly ports: {
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
 * Makes the log anew from the copies at nodes, which dial in to where their coordinator was. Errors: WITNESSES_UNREACHABLE when too
 * few came, LOG_FORKED when two copies contradict each other, CANCELLED.
 */
export async function recoverLog(options: RecoverLogOptions, signal: AbortSignal): Promise<RecoveredLog> {
  const { origin, ports, directory } = options;
  return gatherWitnesses(options, async (gathering) => {
    const copy = await openLogCopy({ ...ports, directory, origin });
    try {
      return await new Recovery(options, gathering, copy, signal).run();
    } finally {
      await copy.close();
    }
  });
}

class Recovery {
  readonly #options: RecoverLogOptions;
  readonly #host: Gathering;
  readonly #copy: LogCopy;
  readonly #signal: AbortSignal;
  readonly #known = new WitnessesInLog();
  readonly #fits = new Map<NodeId, boolean>();
  readonly #failed = new Set<WitnessLink>();
  #said = '';
  #waitedMs = 0;
  #quietMs = 0;

  constructor(options: RecoverLogOptions, host: Gathering, copy: LogCopy, signal: AbortSignal) {
    this.#options = options;
    this.#host = host;
    this.#copy = copy;
    this.#signal = signal;
  }

  async run(): Promise<RecoveredLog> {
    const { timers, logger } = this.#options.ports;
    for (;;) {
      const grown = await this.#takeLongest();
      await this.#compare();
      this.#tell();
      const { certain, complete } = this.#counted();
      if (grown) this.#quietMs = 0;
      const waited = this.#waitedMs >= this.#options.waitMs;
      if (complete || (certain && this.#quietMs >= QUIET_MS) || (waited && (certain || this.#options.acceptFewer))) {
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
    const [longest] = [...this.#host.links.values()].filter((link) => !this.#failed.has(link) && this.#goesOn(link)).sort(byHead);
    if (longest === undefined) return false;
    try {
      await this.#take(longest);
      return true;
    } catch (error) {
      if (this.#signal.aborted || (isCollectiveError(error) && error.code === 'LOG_FORKED')) throw error;
      this.#failed.add(longest);
      this.#options.ports.logger.warn('a node could not give back all of the log', {
        nodeId: longest.nodeId,
        error: toCollectiveError(error),
      });
      return false;
    }
  }

  async #take(link: WitnessLink): Promise<void> {
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
    }
  }

  #goesOn({ head }: WitnessLink): boolean {
    const own = this.#copy.head;
    return head !== undefined && (head.epoch > own.epoch || (head.epoch === own.epoch && head.sequence > own.sequence));
  }

  /** Whether what the others hold is part of what was recovered. */
  async #compare(): Promise<void> {
    for (const { nodeId, head } of this.#host.links.values()) {
      if (head === undefined || head.sequence > this.#copy.head.sequence || this.#fits.has(nodeId)) continue;
      let fits = false;
      for await (const block of this.#copy.read({ fromSequence: head.sequence, toSequence: head.sequence })) {
        fits = block.lastSequence === head.sequence && equalBytes(block.headerHash, head.headerHash);
      }
      this.#fits.set(nodeId, fits);
      if (!fits && head.epoch === this.#copy.head.epoch) {
        throw new CollectiveError(
          'LOG_FORKED',
          `The copy at node ${nodeId} contradicts those of other nodes at event ${head.sequence}.`,
          {
            next: 'Stop the node whose copy is not to count, and recover again; keep its folder.',
            details: { nodeId },
          },
        );
      }
    }
  }

  #counted(): { readonly certain: boolean; readonly complete: boolean } {
    const answered = [...this.#host.links.values()].filter(
      ({ nodeId }) => this.#fits.get(nodeId) !== undefined || this.#isLongest(nodeId),
    );
    return this.#known.counted(answered.map(({ nodeId, head }) => ({ nodeId, sequence: head?.sequence ?? 0 })));
  }

  #isLongest(nodeId: NodeId): boolean {
    return this.#host.links.get(nodeId)?.head?.sequence === this.#copy.head.sequence;
  }

  #answers(): readonly CopyAnswer[] {
    return [...this.#host.links.values()].map(({ nodeId, head }) => ({
      nodeId,
      epoch: head?.epoch ?? 0,
      sequence: head?.sequence ?? 0,
      fits: this.#fits.get(nodeId),
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
    const { needed, here, of } = this.#known.summary(this.#answers().map(({ nodeId }) => nodeId));
    const message =
      this.#copy.head.sequence === 0
        ? 'No node came that keeps the log.'
        : `${needed} of the ${of} witnesses have to answer, so that nothing acknowledged is missing; ${here} did.`;
    return new CollectiveError('WITNESSES_UNREACHABLE', message, {
      next: 'Start the nodes, and recover again; nothing was changed. If the others are lost for good: --accept-fewer',
    });
  }
}
