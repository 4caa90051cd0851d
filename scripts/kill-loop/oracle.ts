import { createHash } from 'node:crypto';

/** What a path may show: the digest of its content, or that it is not there. */
export type Content = string | 'absent';

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * What the product has promised so far. Each path has one writer at a time. An acknowledged change leaves exactly one
 * acceptable content; a change whose outcome is unknown (its client or the coordinator was killed) leaves the old and the new.
 */
export class Oracle {
  readonly #acceptable = new Map<string, Set<Content>>();
  acknowledged = 0;
  lost = 0;
  wrong = 0;
  readonly complaints: string[] = [];

  paths(): readonly string[] {
    return [...this.#acceptable.keys()];
  }

  acceptable(path: string): ReadonlySet<Content> {
    return this.#acceptable.get(path) ?? new Set<Content>(['absent']);
  }

  /** A change is about to be tried: from now until its end both contents are acceptable. */
  attempt(path: string, content: Content): void {
    this.#acceptable.set(path, new Set([...this.acceptable(path), content]));
  }

  /** The change was acknowledged. */
  acknowledge(path: string, content: Content): void {
    this.acknowledged += 1;
    this.#acceptable.set(path, new Set([content]));
  }

  /** What a read that succeeded showed. */
  observe(path: string, content: Content): void {
    const acceptable = this.acceptable(path);
    if (acceptable.has(content)) return;
    if (content === 'absent') this.lost += 1;
    else this.wrong += 1;
    this.complaints.push(
      `${path}: read ${content.slice(0, 12)}, acceptable ${[...acceptable].map((each) => each.slice(0, 12)).join(' or ')}`,
    );
  }

  /** What must be readable in the end and could not be read. */
  unreadable(path: string, why: string): void {
    this.lost += 1;
    this.complaints.push(`${path}: ${why}`);
  }
}
