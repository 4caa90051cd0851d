import { LIMITS, type MemberId, ok, toCollectiveError } from '../../../base/index.js';
import { Allowances, type Decision } from '../../../domain/index.js';
import { type LogFork, parseBlock, type ParsedBlock } from '../../../events/index.js';
import type { Clock, Hasher, Logger } from '../../../ports/index.js';
import type { ForksReader } from '../../../projections/index.js';
import type { CommandLoop } from '../../commands/command-loop.js';
import type { ForeignLog } from '../copies/foreign-log.js';
import type { Links } from '../session/links.js';
import type { PeerLink } from '../session/peer-link.js';

export interface ForkDeskOptions {
  readonly own: MemberId;
  readonly commands: Pick<CommandLoop, 'submit'>;
  readonly links: Links;
  readonly mayHave: (member: MemberId, origin: MemberId) => Promise<boolean>;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly logger: Logger;
}

/** Puts proofs of forks on record, and passes them on. */
export class ForkDesk {
  readonly #options: ForkDeskOptions;
  /** By log: how often each peer may still be sent its proof, which may be as long as two blocks. */
  readonly #allowances = new Map<MemberId, Allowances>();

  constructor(options: ForkDeskOptions) {
    this.#options = options;
  }

  /** A copy has found that its owner signed two blocks for one place. */
  async found(log: ForeignLog, toldBy: MemberId): Promise<void> {
    const { fork, origin } = log;
    if (fork === undefined) return;
    const { links, logger } = this.#options;
    logger.error('somebody signed two blocks for one place of a log', { origin, sequence: fork.sequence, toldBy });
    await this.#record(origin, fork, toldBy);
    // Who may know it stands in its views, which go back to the last common event now.
    await log.settled();
    for (const link of links.all()) await this.tell(link, log);
  }

  /** The same of copies whose proofs lie on the disk from before. */
  async foundBefore(logs: readonly ForeignLog[]): Promise<void> {
    for (const log of logs) if (log.fork !== undefined) await this.found(log, log.origin);
  }

  /**
   * Passes the proof on to one peer, if that may know the log, or says that it has that place of it. Once in a session, and once more when
   * it begins to keep the log; who comes again and again is sent it LIMITS.peerProofs times in an hour.
   */
  async tell(link: PeerLink, log: ForeignLog | undefined): Promise<void> {
    if (log?.fork === undefined) return;
    const { origin, fork } = log;
    const { mayHave } = this.#options;
    if (!this.#holds(link, origin, fork) && !(await mayHave(link.memberId, origin))) return;
    if (!this.#allowanceOf(origin).take(link.memberId, 1, this.#options.clock.monotonicMs())) return;
    link.outbox.fork(origin, { origin, held: fork.held, other: fork.other });
  }

  #allowanceOf(origin: MemberId): Allowances {
    const known = this.#allowances.get(origin) ?? new Allowances({ most: LIMITS.peerProofs, periodMs: LIMITS.peerProofsMs });
    this.#allowances.set(origin, known);
    return known;
  }

  /** Its owner may have admitted it on the other branch only. Who says so falsely has two blocks, of somebody who signed both. */
  #holds(link: PeerLink, origin: MemberId, fork: LogFork): boolean {
    const held = parseBlock(fork.held, this.#options.hasher);
    return held.ok && (link.heads.get(origin)?.sequence ?? 0) >= held.value.header.firstSequence;
  }

  async #record(origin: MemberId, fork: LogFork, toldBy: MemberId): Promise<void> {
    const { commands, hasher, logger } = this.#options;
    const held = parseBlock(fork.held, hasher);
    const other = parseBlock(fork.other, hasher);
    if (!held.ok || !other.ok) return;
    const finding = { origin, toldBy, held: held.value, other: other.value };
    try {
      await commands.submit<void>({
        actor: 'coordinator',
        request: undefined,
        decide: ({ forks }) => decideForkDetected(finding, forks),
        answer: () => undefined,
      });
    } catch (error) {
      // The proof is kept beside the copy, and is looked at again at the next start.
      logger.warn('a fork could not be put on record', { origin, error: toCollectiveError(error) });
    }
  }
}

/** Once for each place. */
function decideForkDetected(
  found: { readonly origin: MemberId; readonly toldBy: MemberId; readonly held: ParsedBlock; readonly other: ParsedBlock },
  forks: ForksReader,
): Decision {
  const { origin, toldBy, held, other } = found;
  const { epoch, firstSequence: sequence } = held.header;
  if (forks.get(origin, epoch, sequence) !== undefined) return ok([]);
  const hashes = { heldHash: held.headerHash, otherHash: other.headerHash };
  return ok([{ type: 'LogForkDetected', origin, epoch, sequence, ...hashes, toldBy: toldBy === origin ? '' : toldBy }]);
}
