import { CollectiveError, LIMITS, type MemberId } from '../../../base/index.js';
import type { Clock, Timers } from '../../../ports/index.js';
import type { PeerServiceDefinition, RpcClient } from '../../../transport/index.js';

/** A range of one log to ask one coordinator for. */
export interface PullRange {
  readonly origin: MemberId;
  readonly fromSequence: number;
  /** Inclusive; undefined: as far as it has it. */
  readonly toSequence: number | undefined;
  /** Of the block before; undefined: not compared. */
  readonly previousHeaderHash: Uint8Array | undefined;
}

/**
 * Pages of blocks, one fetched ahead while the one before is stored. Not verified. Errors: those of the call; LOG_FORKED where
 * the other side has another block before the range; PROTOCOL_ERROR for a page without blocks; DEADLINE_EXCEEDED when nothing comes
 * for `stallMs` (default LIMITS.peerPullStallMs), or less than a page in that time: others may have it who are faster.
 */
export async function* pullPages(
  client: RpcClient<typeof PeerServiceDefinition>,
  { origin, fromSequence, toSequence, previousHeaderHash }: PullRange,
  {
    clock,
    timers,
    signal,
    stallMs = LIMITS.peerPullStallMs,
  }: { readonly clock: Clock; readonly timers: Timers; readonly signal: AbortSignal; readonly stallMs?: number },
): AsyncGenerator<readonly Uint8Array[], void, undefined> {
  const stalled = new AbortController();
  const request = {
    origin,
    fromSequence,
    toSequence: toSequence ?? 0,
    previousHeaderHash: previousHeaderHash ?? new Uint8Array(),
  };
  const ending = AbortSignal.any([signal, stalled.signal]);
  const pages = client.pull(request, { signal: ending })[Symbol.asyncIterator]();
  let leftMs = stallMs;
  const fetch = async () => {
    const startedMs = clock.monotonicMs();
    const timer = timers.after(Math.min(leftMs, stallMs), () => stalled.abort());
    try {
      const page = await pages.next();
      if (page.done !== true) {
        if (page.value.blocks.length === 0) throw new CollectiveError('PROTOCOL_ERROR', 'It gave a page without blocks.');
        leftMs -= clock.monotonicMs() - startedMs;
        leftMs += (bytesOf(page.value.blocks) / LIMITS.peerPageBytes) * stallMs;
      }
      return page;
    } catch (error) {
      throw stalled.signal.aborted ? standstill() : error;
    } finally {
      timer.cancel();
    }
  };
  let next = fetch();
  try {
    for (let page = await next; page.done !== true; page = await next) {
      next = fetch();
      // It is waited for after what was fetched before is stored; until then nobody listens.
      next.catch(() => undefined);
      yield page.value.blocks;
    }
  } finally {
    stalled.abort();
    await pages.return?.();
  }
}

/** The same, block by block. */
export async function* pullBlocks(...pull: Parameters<typeof pullPages>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const page of pullPages(...pull)) yield* page;
}

const bytesOf = (blocks: readonly Uint8Array[]): number => blocks.reduce((sum, { length }) => sum + length, 0);

const standstill = (): CollectiveError =>
  new CollectiveError('DEADLINE_EXCEEDED', 'The other coordinator gave no more blocks for a while.');
