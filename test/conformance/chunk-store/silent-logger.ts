import type { Logger } from '../../../src/ports/index.js';

/** For tests that cause what would be logged. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
