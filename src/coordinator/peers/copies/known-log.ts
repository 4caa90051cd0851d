import type { MemberId } from '../../../base/index.js';
import type { ForeignLog } from './foreign-log.js';
import { frozenText, type PeerReportParts } from '../report/peer-report.js';

/** How far another member's log is known here: what its views show, and when its coordinator was last heard of (0: not yet). */
export async function knownLog(
  { foreign, links, memory }: Pick<PeerReportParts, 'foreign' | 'links' | 'memory'>,
  origin: MemberId,
): Promise<
  | {
      readonly epoch: number;
      readonly sequence: number;
      readonly timeMs: number;
      readonly heardMs: number;
      readonly frozen: string;
    }
  | undefined
> {
  const log = foreign.get(origin);
  if (log === undefined) return undefined;
  const { applied, frozen } = log;
  if (applied.sequence === 0) return undefined;
  return {
    ...applied,
    timeMs: await timeOf(log, applied.sequence),
    heardMs: links.get(origin)?.heardMs ?? memory.of(origin).heardMs,
    frozen: frozen === undefined ? '' : frozenText(frozen),
  };
}

async function timeOf(log: ForeignLog, sequence: number): Promise<number> {
  if (log.head.sequence === sequence) return log.headTimeMs;
  for await (const { events } of log.read({ fromSequence: sequence, toSequence: sequence })) {
    const event = events.find(({ envelope }) => envelope.position.sequence === sequence);
    if (event !== undefined) return event.envelope.timeMs;
  }
  return 0;
}
