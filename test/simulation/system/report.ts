import type { SimTime } from '../ports/index.js';
import { withPlainSignals } from './plain-signals.js';
import type { Trace } from './trace.js';
import { describe, Violation } from './violation.js';

export interface SimulationReport {
  readonly seed: number;
  /** What went wrong; undefined where nothing did. */
  readonly failure: string | undefined;
  readonly steps: number;
  readonly virtualMs: number;
  readonly counts: ReadonlyMap<string, number>;
  /** Hex; the same for the same seed. */
  readonly traceHash: string;
  readonly traceTail: readonly string[];
}

interface ReportedWorld {
  readonly seed: number;
  readonly time: SimTime;
  readonly trace: Trace;
  readonly counts: ReadonlyMap<string, number>;
  fail(error: unknown): void;
}

/** Runs it in the time of its world, and tells what came of it. */
export async function reportOf(
  world: ReportedWorld,
  run: { readonly steps: number; run(): Promise<void> },
): Promise<SimulationReport> {
  const { seed, time, trace, counts } = world;
  let failure: string | undefined;
  const onRejection = (reason: unknown): void => {
    world.fail(new Violation(`a rejection that nobody handles: ${describe(reason)}`));
  };
  process.on('unhandledRejection', onRejection);
  try {
    await withPlainSignals(() => time.run(() => run.run()));
  } catch (error) {
    failure = describe(error);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  trace.add('simulation', failure === undefined ? 'ends' : `FAILS: ${failure}`);
  return { seed, failure, steps: run.steps, virtualMs: time.nowMs, counts, traceHash: trace.hash, traceTail: [...trace.tail] };
}
