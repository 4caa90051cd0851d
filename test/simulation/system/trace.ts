import { createHash, type Hash } from 'node:crypto';
import type { SimTime } from '../ports/index.js';

const KEPT_LINES = 400;

/** What happened, line by line in virtual time. Two runs are the same if their traces hash the same. */
export class Trace {
  readonly #time: SimTime;
  readonly #hash: Hash = createHash('sha256');
  readonly #print: ((line: string) => void) | undefined;
  readonly #last: string[] = [];
  #lines = 0;

  /** With `print`, every line is also told at once. */
  constructor(time: SimTime, print?: (line: string) => void) {
    this.#time = time;
    this.#print = print;
  }

  get lines(): number {
    return this.#lines;
  }

  /** The newest lines, oldest first. */
  get tail(): readonly string[] {
    return this.#last;
  }

  add(who: string, what: string): void {
    const line = `${(this.#time.nowMs / 1000).toFixed(6).padStart(13)}  ${who.padEnd(12)} ${what}`;
    this.#lines += 1;
    this.#hash.update(line).update('\n');
    this.#last.push(line);
    if (this.#last.length > KEPT_LINES) this.#last.shift();
    this.#print?.(line);
  }

  /** Only for whoever reads along: not part of what is compared. */
  aside(who: string, what: string): void {
    this.#print?.(`${(this.#time.nowMs / 1000).toFixed(6).padStart(13)}  ${who.padEnd(12)}     . ${what}`);
  }

  /** Hex, of all lines so far. */
  get hash(): string {
    return this.#hash.copy().digest('hex');
  }
}
