import { CollectiveError, LIMITS, toCollectiveError } from '../../base/index.js';
import { type MendReport, mendLog, parseBlock } from '../../events/index.js';
import type { FileSystem, Hasher, Logger, SignatureVerifier, Timers } from '../../ports/index.js';
import { type GatherOptions, type Gathering, gatherWitnesses } from './gathering.js';
import { describeKeeper, type Keeper } from './keeper.js';

const LOOK_MS = 100;

export interface MendFromWitnessesOptions extends GatherOptions {
  /** Of the damaged log, which nobody has open. */
  readonly directory: string;
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
    readonly timers: Timers;
    readonly logger: Logger;
  };
}

/**
 * Puts the damaged places of a log in order from whichever one node has what they held: the signatures say that it is the same.
 * Errors: WITNESSES_UNREACHABLE when nobody came within LIMITS.rescueFirstMs; that of the last try when nobody who came had what is
 * needed; CANCELLED.
 */
export function mendFromWitnesses(options: MendFromWitnessesOptions, signal: AbortSignal): Promise<MendReport> {
  return gatherWitnesses(options, (gathering) => mendFrom(gathering, options, signal));
}

async function mendFrom(
  gathering: Gathering,
  { directory, origin, ports }: MendFromWitnessesOptions,
  signal: AbortSignal,
): Promise<MendReport> {
  const tried = new Set<Keeper>();
  let failure = new CollectiveError('WITNESSES_UNREACHABLE', 'No node came that keeps the log.');
  for (let waitedMs = 0; ; ) {
    const link = furthest([...gathering.links.values()].filter((each) => !tried.has(each)));
    if (link === undefined) {
      if (waitedMs >= LIMITS.rescueFirstMs) throw failure;
      await ports.timers.sleep(LOOK_MS, signal);
      waitedMs += LOOK_MS;
      continue;
    }
    tried.add(link);
    try {
      const source = (from: number): AsyncIterable<Uint8Array> => blocksOf(link, from, ports.hasher, signal);
      return await mendLog({ ...ports, directory, origin }, { source, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      failure = toCollectiveError(error);
      ports.logger.warn('the log could not be mended from what a node keeps', {
        keeper: describeKeeper(link.id),
        error: failure,
      });
    }
  }
}

function furthest(links: readonly Keeper[]): Keeper | undefined {
  return links
    .filter(({ head }) => head !== undefined)
    .reduce<Keeper | undefined>(
      (best, link) => ((link.head?.sequence ?? 0) > (best?.head?.sequence ?? 0) ? link : best),
      undefined,
    );
}

/** Not verified: whoever takes them does that. */
async function* blocksOf(
  link: Keeper,
  fromSequence: number,
  hasher: Hasher,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const last = link.head?.sequence ?? 0;
  for (let from = fromSequence; from <= last; ) {
    const asked = from;
    for (const bytes of await link.read(from, last, AbortSignal.any([signal, link.ended]))) {
      yield bytes;
      const block = parseBlock(bytes, hasher);
      if (!block.ok) return;
      from = Math.max(from, block.value.lastSequence + 1);
    }
    if (from === asked) return;
  }
}
