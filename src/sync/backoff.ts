/** How waits grow with failures. */
export interface BackoffRules {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after so many failures in a row (1 or more): anything up to a bound that doubles ("full jitter", so that
 * those who lost somebody together do not come back together). `fraction` is uniform in [0, 1).
 */
export function jitteredDelayMs(failures: number, fraction: number, rules: BackoffRules): number {
  return Math.ceil(fraction * boundMs(failures, rules));
}

/** The same bound without jitter. */
export const boundMs = (failures: number, { minMs, maxMs }: BackoffRules): number =>
  Math.min(maxMs, minMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
