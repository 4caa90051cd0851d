/** What the attempt fails with; it must fail. */
export async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
  } catch (error) {
    return error;
  }
  throw new Error('it succeeded, and was expected to fail');
}

/** A failure as text to match: `<code or errno>: <message>`. */
export function told(failure: unknown): string {
  if (!(failure instanceof Error)) return `not an error: ${String(failure)}`;
  const code = 'code' in failure ? failure.code : 'errno' in failure ? failure.errno : failure.name;
  return `${String(code)}: ${failure.message}`;
}
