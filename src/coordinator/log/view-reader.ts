import type { MemberId } from '../../base/index.js';
import type { ViewHost, Views } from '../../projections/index.js';

/** What is known of one member's tree: of the own one, or by a copy of another member's log. */
export interface ViewReader {
  /** As ViewHost.run. */
  run<Value>(work: (views: Views) => Value): Promise<Value>;
}

/** Another member's, as far as its log is here and was applied. Errors of its reads: UNAVAILABLE and VIEW_DAMAGED while they are built anew. */
export const viewsOf = (views: Pick<ViewHost, 'run'>, origin: MemberId): ViewReader => ({
  run: (work) => views.run(work, origin),
});
