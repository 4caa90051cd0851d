import { LIMITS, toCollectiveError } from '../../base/index.js';
import type { EventLog, StoredBlock } from '../../events/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { RecentBlocks } from './recent-blocks.js';
import type { WitnessLink } from './witness-link.js';

const RETRY_MS = 5_000;

export interface FeederOptions {
  readonly log: Pick<EventLog, 'head' | 'read'>;
  readonly recent: RecentBlocks;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Whether this node is to get blocks at all, now. */
  readonly wanted: (link: WitnessLink) => boolean;
}

/** Sends a node the blocks that its copy lacks, and each new one once it is durable here, until its stream ends. Never rejects. */
export async function feed(link: WitnessLink, options: FeederOptions): Promise<void> {
  const { log, timers, logger, wanted } = options;
  while (!link.ended.aborted) {
    try {
      const due = link.standing.kind === 'behind' && link.sentSequence < log.head.sequence && wanted(link);
      if (!due || link.inFlightBytes >= LIMITS.witnessInFlightBytes) {
        await link.idle();
        continue;
      }
      const blocks = await nextBlocks(link, options);
      const last = blocks.at(-1);
      if (last !== undefined && link.standing.kind === 'behind')
        link.keep(
          blocks.map(({ bytes }) => bytes),
          last.lastSequence,
        );
    } catch (error) {
      if (link.ended.aborted) return;
      logger.error('blocks of the log cannot be sent to a witness', { nodeId: link.nodeId, error: toCollectiveError(error) });
      // It rejects when the stream ends, which the loop sees.
      await timers.sleep(RETRY_MS, link.ended).catch(() => undefined);
    }
  }
}

async function nextBlocks(link: WitnessLink, { log, recent }: FeederOptions): Promise<readonly StoredBlock[]> {
  const fromSequence = link.sentSequence + 1;
  const known = recent.from(fromSequence, LIMITS.witnessPageBytes);
  if (known.length > 0) return known;
  const blocks: StoredBlock[] = [];
  let bytes = 0;
  for await (const block of log.read({ fromSequence, signal: link.ended })) {
    bytes += block.bytes.length;
    if (blocks.length > 0 && bytes > LIMITS.witnessPageBytes) break;
    blocks.push(block);
  }
  return blocks;
}
