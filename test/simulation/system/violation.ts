/** Something happened that must never happen. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function holds(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Violation(rule);
}

export const describe = (error: unknown): string =>
  error instanceof Violation ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
