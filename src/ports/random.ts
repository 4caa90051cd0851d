/** Randomness; cryptographically strong in the real runtime, seeded in simulation. */
export interface Random {
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  fraction(): number;
}
