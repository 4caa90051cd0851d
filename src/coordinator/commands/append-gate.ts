import type { CollectiveError } from '../../base/index.js';

/** Whether events may be recorded now, and when what was recorded may be told. */
export interface AppendGate {
  /** Why nothing may be recorded now; undefined: it may. */
  readonly refusal: { readonly error: CollectiveError; readonly mayPass: boolean } | undefined;
  /** Called when `refusal` may have changed. */
  onChange(listener: () => void): void;
  /** Whether everything up to here may be told of. */
  isSettled(sequence: number): boolean;
  /** Resolves once it may. Error: WITNESSES_UNREACHABLE after a while: it is durable here, and may be asked for again. */
  settled(sequence: number): Promise<void>;
}

/** Nothing to wait for: what is durable here is told. */
export const OPEN_GATE: AppendGate = {
  refusal: undefined,
  onChange: () => undefined,
  isSettled: () => true,
  settled: () => Promise.resolve(),
};
