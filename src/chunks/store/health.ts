import type { CollectiveError } from '../../base/index.js';
import type { Logger } from '../../ports/index.js';
import { failureKind, nodeBusy, nodeFull, nodeReadOnly } from './failures.js';

/** Whether the store takes new bytes. After a failed write or sync it does not, until a check of the disk succeeded. */
export class StoreHealth {
  readonly #logger: Logger;
  #reason: string | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Why the store is read-only; undefined while it is not. */
  get readOnlyReason(): string | undefined {
    return this.#reason;
  }

  /** Error: NODE_READ_ONLY. */
  assertWritable(): void {
    if (this.#reason !== undefined) throw nodeReadOnly(this.#reason);
  }

  /** What to tell the sender after a failure to write or sync: NODE_FULL, UNAVAILABLE or, from now on, NODE_READ_ONLY. */
  refusal(doing: string, error: unknown): CollectiveError {
    const kind = failureKind(error);
    if (kind === 'full') return nodeFull('its disk is full', error);
    if (kind === 'busy') return nodeBusy(error);
    const reason = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
    if (this.#reason === undefined) this.#logger.error('the store is read-only now: its disk failed', { doing, error });
    this.#reason ??= reason;
    return nodeReadOnly(this.#reason);
  }

  restore(): void {
    if (this.#reason !== undefined)
      this.#logger.info('the store takes chunks again: its disk passed the check', { after: this.#reason });
    this.#reason = undefined;
  }
}
