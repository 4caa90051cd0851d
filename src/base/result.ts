/** What a pure decision returns: a value, or the reason it refuses. Shells throw; deciders return. */
export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

export const ok = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value });
export const fail = <Failure>(error: Failure): { readonly ok: false; readonly error: Failure } => ({ ok: false, error });

/** The value, or its error thrown: for shells, which throw where deciders return. */
export function accept<Value>(result: Result<Value, Error>): Value {
  if (!result.ok) throw result.error;
  return result.value;
}
