import type { Logger } from '../../ports/index.js';

const nothing = (): void => undefined;

/** For commands that nobody asked for log lines: the real logger takes time to load. */
export const SILENT_LOGGER: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => SILENT_LOGGER };
