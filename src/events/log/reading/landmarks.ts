import { LIMITS } from '../../../base/index.js';

interface Landmark {
  readonly sequence: number;
  readonly offset: number;
}

/** Remembers where some blocks start, so that reading from the middle of a log skips little. Only a hint; bounded. */
export class Landmarks {
  /** Of the segments used last, by their first sequence; ascending within each. */
  readonly #segments = new Map<number, Landmark[]>();

  /** Keeps the place unless one is known close before it. */
  note(segment: number, sequence: number, offset: number): void {
    const landmarks = this.#segments.get(segment) ?? [];
    const index = landmarks.findLastIndex((landmark) => landmark.sequence <= sequence);
    const before = landmarks[index];
    const after = landmarks[index + 1];
    if (before !== undefined && offset - before.offset < LIMITS.blockBytes) return;
    if (after !== undefined && after.offset - offset < LIMITS.blockBytes) return;
    landmarks.splice(index + 1, 0, { sequence, offset });
    this.#touch(segment, landmarks);
  }

  /** The last known block of the segment that starts at or before the sequence. */
  before(segment: number, sequence: number): Landmark | undefined {
    const landmarks = this.#segments.get(segment);
    if (landmarks === undefined) return undefined;
    this.#touch(segment, landmarks);
    return landmarks.findLast((landmark) => landmark.sequence <= sequence);
  }

  clear(): void {
    this.#segments.clear();
  }

  #touch(segment: number, landmarks: Landmark[]): void {
    this.#segments.delete(segment);
    this.#segments.set(segment, landmarks);
    const [oldest] = this.#segments.keys();
    if (oldest !== undefined && this.#segments.size > LIMITS.logLandmarkSegments) this.#segments.delete(oldest);
  }
}
