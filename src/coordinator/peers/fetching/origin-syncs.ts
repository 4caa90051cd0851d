import { LIMITS, type MemberId } from '../../../base/index.js';
import type { Source } from '../../../sync/index.js';
import type { Links } from '../session/links.js';
import type { OriginRules } from './origin-rules.js';
import { OriginSync, type OriginSyncOptions } from './origin-sync.js';

export interface OriginSyncsOptions extends Omit<OriginSyncOptions, 'origin' | 'sources' | 'boundOf'> {
  readonly own: MemberId;
  readonly links: Links;
  readonly rules: OriginRules;
  readonly stopping: AbortSignal;
}

/** One OriginSync for each log that is kept, running from when it is first needed until the end. */
export class OriginSyncs {
  readonly #options: OriginSyncsOptions;
  readonly #syncs = new Map<MemberId, { readonly sync: OriginSync; readonly ended: Promise<void> }>();

  constructor(options: OriginSyncsOptions) {
    this.#options = options;
  }

  /** Undefined: this log is not kept here. */
  of(origin: MemberId): OriginSync | undefined {
    const there = this.#syncs.get(origin);
    if (there !== undefined) return there.sync;
    const { own, rules, stopping } = this.#options;
    if (origin === own || !rules.keeps(origin) || stopping.aborted || this.#syncs.size >= LIMITS.foreignLogs) return undefined;
    const sync = new OriginSync({
      ...this.#options,
      origin,
      sources: (each) => this.#sources(each),
      boundOf: (each) => rules.boundOf(each),
    });
    this.#syncs.set(origin, { sync, ended: sync.run(stopping) });
    return sync;
  }

  /** Whose logs are kept has changed, or how far. */
  wakeAll(): void {
    for (const { sync } of this.#syncs.values()) sync.wake();
    for (const link of this.#options.links.all()) for (const origin of link.heads.keys()) this.of(origin)?.wake();
  }

  /** After `stopping`. */
  async ended(): Promise<void> {
    await Promise.all(Array.from(this.#syncs.values(), ({ ended }) => ended));
  }

  #sources(origin: MemberId): readonly Source[] {
    return this.#options.links.all().flatMap((link) => {
      const head = link.heads.get(origin);
      return head === undefined ? [] : [{ memberId: link.memberId, head, roundTripMs: link.roundTripMs }];
    });
  }
}
