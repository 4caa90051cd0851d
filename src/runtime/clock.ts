import { performance } from 'node:perf_hooks';
import type { Clock } from '../ports/index.js';

/** The clock of this machine. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }
}
