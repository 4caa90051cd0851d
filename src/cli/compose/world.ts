import type { Clock, FileSystem, Hasher, Logger, Random, SignatureVerifier, Timers } from '../../ports/index.js';
import {
  NodeFileSystem,
  NodeHasher,
  NodeSignatureVerifier,
  SystemClock,
  SystemRandom,
  SystemTimers,
} from '../../runtime/index.js';

/** The real parts that everything else is composed from. */
export interface World {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
}

export const createWorld = (logger: Logger): World => ({
  clock: new SystemClock(),
  timers: new SystemTimers(),
  random: new SystemRandom(),
  hasher: new NodeHasher(),
  verifier: new NodeSignatureVerifier(),
  fileSystem: new NodeFileSystem({ onDirectRefused: (path) => logger.info('unbuffered writes are refused here', { path }) }),
  logger,
});
