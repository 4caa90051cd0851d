import { accept, LIMITS } from '../../base/index.js';
import {
  ANY,
  decidePurgeEntry,
  decideRestoreEntry,
  choose,
  everAt,
  find,
  findDirectory,
  inTime,
  restorable,
  type Retention,
  showPath,
  type Standing,
} from '../../domain/index.js';
import type { Clock, Hasher } from '../../ports/index.js';
import type { DeletedKey, FileKind, VersionRow, Views } from '../../projections/index.js';
import { EntryKind } from '../../transport/index.js';
import type {
  DeletedInfo,
  ListDeletedRequest,
  ListDeletedResponse,
  ListVersionsRequest,
  ListVersionsResponse,
  PurgeEntryRequest,
  PurgeEntryResponse,
  RestoreEntryRequest,
  RestoreEntryResponse,
  VersionInfo,
} from '../../transport/index.js';
import { clientCaller, type FilesCall } from '../caller.js';
import type { Submits } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import type { ViewReader } from '../log/view-reader.js';
import { entryInfo, KINDS } from './entry-info.js';
import { fileIdIn, ownPath } from './requests.js';
import { walkTree, type Walked } from './tree-walk.js';
import { usageOf } from './usage-info.js';
import { requireCopies } from './require-copies.js';
import { nameOfActor } from './who.js';

export interface HistoryCallsOptions {
  readonly commands: Submits;
  readonly views: ViewReader;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly retentionMs: number;
}

/** The calls about what was overwritten and deleted. */
export class HistoryCalls {
  readonly #options: HistoryCallsOptions;

  constructor(options: HistoryCallsOptions) {
    this.#options = options;
  }

  /** Pages are made as they are taken. Error: NOT_FOUND. */
  async *listVersions(request: ListVersionsRequest, call: FilesCall): AsyncGenerator<ListVersionsResponse> {
    const names = ownPath(request.path);
    const { views, retentionMs } = this.#options;
    const retention = this.#retention();
    const standings = await views.run(({ namespace }) => {
      accept(choose(names, ANY, namespace, retention));
      return everAt(names, namespace).filter((each) => restorable(each, retention));
    });
    for (const standing of standings.toReversed()) {
      if (standing.row.kind !== 'file') {
        yield { versions: [await views.run((all) => wholeInfo(standing, all, retention))], retentionMs };
        continue;
      }
      let after: number | undefined = 0;
      while (after !== undefined) {
        call.signal.throwIfAborted();
        const page: VersionsPage = await this.#versionsPage(standing, after, retention);
        if (page.versions.length > 0) yield { versions: [...page.versions], retentionMs };
        after = page.after;
      }
    }
  }

  /** Pages are made as they are taken. Errors: NOT_FOUND, NOT_A_DIRECTORY. */
  async *listDeleted(request: ListDeletedRequest, call: FilesCall): AsyncGenerator<ListDeletedResponse> {
    const top = ownPath(request.path);
    const { views, retentionMs } = this.#options;
    await views.run(({ namespace }) => accept(findDirectory(top, namespace)));
    yield { deleted: [], retentionMs };
    const enters = ({ below }: Walked['row']): boolean => request.recursive && below.deletedEntries > 0;
    for await (const folder of walkTree(views, top, call.signal, enters)) {
      if (folder.row.kind !== 'directory' || folder.row.below.deletedEntries === 0) continue;
      if (!request.recursive && folder.names.length > top.length) continue;
      let after: DeletedKey | undefined;
      do {
        call.signal.throwIfAborted();
        const page: DeletedPage = await this.#deletedPage(folder, after);
        if (page.deleted.length > 0) yield { deleted: [...page.deleted], retentionMs };
        ({ after } = page);
      } while (after !== undefined);
    }
  }

  async restoreEntry(request: RestoreEntryRequest, call: FilesCall): Promise<RestoreEntryResponse> {
    const names = ownPath(request.path);
    const to = request.toPath === '' ? undefined : ownPath(request.toPath);
    const { overwrite } = request;
    const which = {
      fileId: fileIdIn(request.fileId),
      version: request.version === 0 ? undefined : request.version,
      atMs: request.atMs === 0 ? undefined : request.atMs,
    };
    const { views, commands, hasher, retentionMs } = this.#options;
    // Of a long file the copies are looked for here: a decision must not read a million rows.
    if (which.version !== undefined || which.atMs !== undefined) {
      const retention = this.#retention();
      const version = await views.run(({ namespace }) => {
        const chosen = choose(names, which, namespace, retention);
        if (!chosen.ok || chosen.value.version === undefined) return undefined;
        return namespace.version(chosen.value.standing.fileId, chosen.value.version);
      });
      if (version !== undefined) await requireCopies(views, names, version, call.signal);
    }
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: requestRef({ requestId: request.requestId, method: 'restoreEntry', content: request }, hasher),
      decide: (all, context) => decideRestoreEntry({ names, which, to, overwrite }, all, { ...context, retentionMs }),
      answer: () => undefined,
    });
    const at = to ?? names;
    return {
      entry: await views.run(({ namespace }) => {
        const { fileId, row } = accept(find(at, namespace));
        return entryInfo(at, fileId, row);
      }),
    };
  }

  async purgeEntry(request: PurgeEntryRequest, call: FilesCall): Promise<PurgeEntryResponse> {
    const names = ownPath(request.path);
    const { recursive } = request;
    const version = request.version === 0 ? undefined : request.version;
    const { commands, hasher } = this.#options;
    return commands.submit({
      actor: clientCaller(call.caller).actor,
      request: requestRef({ requestId: request.requestId, method: 'purgeEntry', content: request }, hasher),
      decide: ({ namespace }, { nowMs }) =>
        decidePurgeEntry({ names, version, recursive }, namespace, { nowMs, retentionMs: this.#options.retentionMs }),
      answer: (events) => ({
        entries: sum(events.map(({ event }) => (event?.type === 'EntriesPurged' ? event.fileIds.length : 0))),
        versions: sum(events.map(({ event }) => (event?.type === 'VersionsPurged' ? event.versions.length : 0))),
      }),
    });
  }

  #versionsPage(standing: Standing, afterVersion: number, retention: Retention): Promise<VersionsPage> {
    const { fileId, row } = standing;
    return this.#options.views.run((views) => {
      const { rows, more } = views.namespace.versions(fileId, afterVersion, LIMITS.walkPageEntries);
      const versions: VersionInfo[] = [];
      for (const [index, [[, number], version]] of rows.entries()) {
        const next = rows[index + 1]?.[1] ?? views.namespace.version(fileId, number + 1);
        // Something older than what is current ended when the next one came.
        const endedMs = number === row.version ? standing.gone?.atMs : (next?.committedMs ?? 0);
        if (version.purged || (endedMs !== undefined && !inTime(endedMs, retention))) continue;
        versions.push(versionInfo(standing, { number, version, endedMs }, views, retention));
      }
      return { versions, after: more ? rows.at(-1)?.[0][1] : undefined };
    });
  }

  #deletedPage(folder: Walked, after: DeletedKey | undefined): Promise<DeletedPage> {
    const retention = this.#retention();
    return this.#options.views.run((all) => {
      const { namespace } = all;
      const { rows, more } = namespace.deletedIn(folder.fileId, after, LIMITS.walkPageEntries);
      namespace.needFiles(rows.map(([, { fileId }]) => fileId));
      const deleted = rows.flatMap(([[, name, removedMs], { fileId, kind, removedBy }]): DeletedInfo[] => {
        const row = namespace.file(fileId);
        if (row === undefined || !inTime(removedMs, retention)) return [];
        return [
          {
            path: showPath([...folder.names, name]),
            fileId,
            kind: KINDS[kind],
            sizeBytes: row.sizeBytes,
            version: row.kind === 'file' ? row.version : 0,
            deletedMs: removedMs,
            deletedBy: nameOfActor(removedBy, all),
            untilMs: removedMs + retention.retentionMs,
            below: usageOf(row),
          },
        ];
      });
      return { deleted, after: more ? rows.at(-1)?.[0] : undefined };
    });
  }

  #retention(): Retention {
    return { nowMs: this.#options.clock.nowMs(), retentionMs: this.#options.retentionMs };
  }
}

interface VersionsPage {
  readonly versions: readonly VersionInfo[];
  /** Undefined: there are no more. */
  readonly after: number | undefined;
}

interface DeletedPage {
  readonly deleted: readonly DeletedInfo[];
  readonly after: DeletedKey | undefined;
}

function versionInfo(
  { fileId, row, gone }: Standing,
  found: { readonly number: number; readonly version: VersionRow; readonly endedMs: number | undefined },
  views: Views,
  { retentionMs }: Retention,
): VersionInfo {
  const { number, version, endedMs } = found;
  const isLast = number === row.version;
  // The last version shows the attributes that the file has, an older one those it was committed with.
  const { mode, modified } = isLast ? row : version;
  return {
    fileId,
    kind: EntryKind.FILE,
    version: number,
    sizeBytes: version.sizeBytes,
    mode,
    modified,
    committedMs: version.committedMs,
    committedBy: nameOfActor(version.committedBy, views),
    state: !isLast ? 'kept' : gone === undefined ? 'current' : 'deleted',
    deletedMs: gone?.atMs ?? 0,
    deletedBy: gone === undefined ? '' : nameOfActor(gone.by, views),
    untilMs: endedMs === undefined ? 0 : endedMs + retentionMs,
    below: undefined,
  };
}

function wholeInfo({ fileId, row, gone }: Standing, views: Views, { retentionMs }: Retention): VersionInfo {
  const kind: FileKind = row.kind;
  return {
    fileId,
    kind: KINDS[kind],
    version: 0,
    sizeBytes: row.sizeBytes,
    mode: row.mode,
    modified: row.modified,
    committedMs: 0,
    committedBy: '',
    state: gone === undefined ? 'current' : 'deleted',
    deletedMs: gone?.atMs ?? 0,
    deletedBy: gone === undefined ? '' : nameOfActor(gone.by, views),
    untilMs: gone === undefined ? 0 : gone.atMs + retentionMs,
    below: kind === 'directory' ? usageOf(row) : undefined,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
