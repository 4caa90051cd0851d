/** Thrown when the program itself is wrong. Never caught to carry on. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** For what the program guarantees itself; bad input is a CollectiveError instead. Stays on in production. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends a switch over a closed union: the compiler proves it unreachable, and so does the run. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
