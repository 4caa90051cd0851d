/** What a log's msgpack may hold: nil, whole numbers, text, bytes and arrays of these. */
export type WireValue = null | number | string | Uint8Array | readonly WireValue[];

/** A value that is not what its place in the format asks for. Never leaves the codec: its borders turn it into a CollectiveError. */
export class WireProblem extends Error {
  override readonly name = 'WireProblem';
}

/** A reserved place is in use: written by a newer program, to be kept and not applied. Never leaves the codec. */
export class UnknownShape extends Error {
  override readonly name = 'UnknownShape';
}

/** The same problem, told with the place where it was found; anything else as it is. */
export const problemAt = (place: string | number, error: unknown): unknown =>
  error instanceof WireProblem ? new WireProblem(`${place}: ${error.message}`) : error;
