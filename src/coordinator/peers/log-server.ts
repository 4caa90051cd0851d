import { CollectiveError, equalBytes, LIMITS, type MemberId } from '../../base/index.js';
import type { Head, LogReader, StoredBytes } from '../../events/index.js';
import type { ForeignLogs } from './copies/foreign-logs.js';

export interface LogServerOptions {
  readonly log: Pick<LogReader, 'origin' | 'readBytes'>;
  readonly foreign: Pick<ForeignLogs, 'get'>;
  /** How far the own log may be given away. */
  readonly ownHead: (member: MemberId) => Head;
  readonly mayHave: (member: MemberId, origin: MemberId) => Promise<boolean>;
}

export interface ServedRange {
  readonly origin: MemberId;
  readonly fromSequence: number;
  /** Inclusive; 0: as far as there is anything. */
  readonly toSequence: number;
  /** Of the block before; empty: not compared. */
  readonly previousHeaderHash: Uint8Array;
}

/** Gives blocks of every log that is here to whoever may have them. */
export class LogServer {
  readonly #options: LogServerOptions;

  constructor(options: LogServerOptions) {
    this.#options = options;
  }

  /**
   * Pages of LIMITS.peerPageBytes. Errors: PERMISSION_DENIED, NOT_FOUND (no such log, or it ends before), LOG_FORKED (another
   * block stands before the range), LOG_DAMAGED, IO_FAILED, CANCELLED.
   */
  async *pages(
    member: MemberId,
    range: ServedRange,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Uint8Array[], void, undefined> {
    const { mayHave } = this.#options;
    const { origin, fromSequence, toSequence } = range;
    if (!(await mayHave(member, origin))) {
      throw new CollectiveError('PERMISSION_DENIED', 'The owner of this log does not admit you, by the copy of it that is here.');
    }
    const { head, log } = this.#find(origin, member);
    await this.#checkPrevious(log, head, range, signal);
    const to = toSequence === 0 ? head.sequence : Math.min(toSequence, head.sequence);
    if (fromSequence > to) return;
    let page: Uint8Array[] = [];
    let bytes = 0;
    for await (const block of log.readBytes({ fromSequence, toSequence: to, signal })) {
      if (block.lastSequence > head.sequence) break;
      if (page.length > 0 && bytes + block.bytes.length > LIMITS.peerPageBytes) {
        yield page;
        page = [];
        bytes = 0;
      }
      page.push(block.bytes);
      bytes += block.bytes.length;
    }
    if (page.length > 0) yield page;
  }

  #find(origin: MemberId, member: MemberId): { readonly head: Head; readonly log: Pick<LogReader, 'readBytes'> } {
    const { log, foreign, ownHead } = this.#options;
    if (origin === log.origin) return { head: ownHead(member), log };
    const copy = foreign.get(origin);
    if (copy === undefined) throw new CollectiveError('NOT_FOUND', 'There is no copy of this log here.');
    return { head: copy.head, log: copy };
  }

  async #checkPrevious(
    log: Pick<LogReader, 'readBytes'>,
    head: Head,
    { fromSequence, previousHeaderHash }: ServedRange,
    signal: AbortSignal,
  ): Promise<void> {
    if (previousHeaderHash.length === 0 || fromSequence === 1) return;
    const sequence = fromSequence - 1;
    if (head.sequence < sequence) throw new CollectiveError('NOT_FOUND', `The log ends at ${head.sequence} here.`);
    let before: StoredBytes | undefined;
    for await (const block of log.readBytes({ fromSequence: sequence, toSequence: sequence, signal })) before = block;
    if (before?.lastSequence === sequence && equalBytes(before.headerHash, previousHeaderHash)) return;
    throw new CollectiveError('LOG_FORKED', `Another block stands at event ${sequence} here.`, { details: { sequence } });
  }
}
