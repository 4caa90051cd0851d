/** Reads time. The wall clock may jump: for stamps people see. The monotonic one never goes back: for durations. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; fractions allowed. */
  monotonicMs(): number;
}
