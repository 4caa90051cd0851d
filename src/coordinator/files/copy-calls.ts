import { type CollectiveError, fileIdAt, LIMITS, type Result, toCollectiveError } from '../../base/index.js';
import { decideCopyEntry, find, type Names } from '../../domain/index.js';
import type { Actor, RecordedEvent } from '../../events/index.js';
import type { Hasher } from '../../ports/index.js';
import type { ViewHost, Views } from '../../projections/index.js';
import { failureOf } from '../../transport/index.js';
import type { CopyEntriesRequest, CopyEntriesResponse, EntryCopy, EntryOutcome } from '../../transport/index.js';
import { clientCaller, type FilesCall } from '../caller.js';
import type { Submits } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import { atMost, ownPath } from './requests.js';
import { requireCopies } from './require-copies.js';

export interface CopyCallsOptions {
  readonly commands: Submits;
  readonly views: ViewHost;
  readonly hasher: Hasher;
  readonly retentionMs: number;
  /** Whether the caller may read the source, asked when it is decided. By default everything may be read. */
  readonly mayRead?: (actor: Actor, names: Names, views: Views, nowMs: number) => Result<undefined, CollectiveError>;
}

/** Files once more, under other names. */
export class CopyCalls {
  readonly #options: CopyCallsOptions;

  constructor(options: CopyCallsOptions) {
    this.#options = options;
  }

  async copyEntries(request: CopyEntriesRequest, call: FilesCall): Promise<CopyEntriesResponse> {
    const copies = atMost('copies', request.copies, LIMITS.filesPerCommit);
    const outcomes = await Promise.all(
      copies.map(async (copy, index): Promise<EntryOutcome> => {
        try {
          return { fileId: await this.#copy(copy, { requestId: request.requestId, index }, call), failure: undefined };
        } catch (error) {
          return { fileId: '', failure: failureOf(toCollectiveError(error)) };
        }
      }),
    );
    return { outcomes };
  }

  async #copy(
    copy: EntryCopy,
    { requestId, index }: { readonly requestId: string; readonly index: number },
    call: FilesCall,
  ): Promise<string> {
    const { views, commands, hasher, retentionMs, mayRead } = this.#options;
    const from = ownPath(copy.fromPath);
    const names = ownPath(copy.toPath);
    const version = copy.version === 0 ? undefined : copy.version;
    const { replace, makeParents, expectedVersion } = copy;
    // Of a long file the copies are looked for here: a decision must not read a million rows.
    const source = await views.run(({ namespace }) => {
      const found = find(from, namespace);
      if (!found.ok || found.value.row.kind !== 'file') return undefined;
      return namespace.version(found.value.fileId, version ?? found.value.row.version);
    });
    if (source !== undefined && source.extentListIds.length > 0) await requireCopies(views, from, source, call.signal);
    const { actor } = clientCaller(call.caller);
    return commands.submit({
      actor,
      request: requestRef({ requestId, method: 'copyEntries', index, content: copy }, hasher),
      decide: (all, context) => {
        const allowed = mayRead?.(actor, from, all, context.nowMs);
        if (allowed?.ok === false) return allowed;
        return decideCopyEntry({ from, version, names, replace, makeParents, expectedVersion }, all, { ...context, retentionMs });
      },
      answer: idOfCopy,
    });
  }
}

function idOfCopy(events: readonly RecordedEvent[]): string {
  const last = events.at(-1);
  if (last?.event?.type === 'FileCommitted') return last.event.fileId;
  return last === undefined ? '' : fileIdAt(last.envelope.position);
}
