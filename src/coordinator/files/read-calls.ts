import { accept, assert, type ExtentListId, LIMITS, toCollectiveError } from '../../base/index.js';
import { choose, keptVersion, type Names, standingAt, type Which } from '../../domain/index.js';
import type { Extent } from '../../events/index.js';
import type { Clock } from '../../ports/index.js';
import type { NamespaceReader, VersionRow } from '../../projections/index.js';
import { failureOf } from '../../transport/index.js';
import type { EntryInfo, ReadFile, ReadFilesRequest, ReadFilesResponse, ReadTarget } from '../../transport/index.js';
import { clientCaller, type FilesCall } from '../caller.js';
import type { ViewReader } from '../log/view-reader.js';
import { entryInfo } from './entry-info.js';
import type { ReadPages, TargetExtent } from './read-pages.js';
import { atMost, fileIdIn, ownPath } from './requests.js';

export interface ReadCallsOptions {
  readonly views: ViewReader;
  readonly pages: ReadPages;
  readonly clock: Clock;
  readonly retentionMs: number;
}

interface Opened {
  readonly target: number;
  readonly info: EntryInfo;
  readonly version: VersionRow | undefined;
  readonly fromBytes: number;
  readonly toBytes: number;
}

/** The calls that bring files out: where their bytes are, with the tickets to get them. */
export class ReadCalls {
  readonly #options: ReadCallsOptions;

  constructor(options: ReadCallsOptions) {
    this.#options = options;
  }

  /** Pages are made as they are taken; tickets are fresh in each. */
  async *readFiles(request: ReadFilesRequest, call: FilesCall): AsyncGenerator<ReadFilesResponse> {
    const { keyHash } = clientCaller(call.caller);
    const reader = { keyHash, everywhere: request.everywhere === true, signal: call.signal };
    const targets = atMost('files', request.targets, LIMITS.filesPerCommit);
    let files: ReadFile[] = [];
    let extents: TargetExtent[] = [];
    for (const [index, target] of targets.entries()) {
      const opened = await this.#open(target, index);
      files.push('failure' in opened ? opened : { target: index, info: opened.info, failure: undefined });
      if ('failure' in opened) continue;
      for await (const extent of this.#extents(opened)) {
        extents.push({ target: index, ...extent });
        if (extents.length < LIMITS.extentsPerList) continue;
        yield await this.#options.pages.page(files, extents, reader);
        files = [];
        extents = [];
      }
    }
    if (files.length > 0 || extents.length > 0) yield await this.#options.pages.page(files, extents, reader);
  }

  async #open(target: ReadTarget, index: number): Promise<Opened | (ReadFile & { readonly failure: object })> {
    try {
      const names = ownPath(target.path);
      const { info, version } = await this.#options.views.run(({ namespace }) => this.#resolve(names, target, namespace));
      const fromBytes = Math.min(target.offsetBytes, info.sizeBytes);
      const toBytes = target.lengthBytes === 0 ? info.sizeBytes : Math.min(fromBytes + target.lengthBytes, info.sizeBytes);
      return { target: index, info, version, fromBytes, toBytes };
    } catch (error) {
      return { target: index, info: undefined, failure: failureOf(toCollectiveError(error)) };
    }
  }

  /** The current version shows the file's attributes as they are now, an older one those it was committed with. */
  #resolve(
    names: Names,
    target: ReadTarget,
    namespace: NamespaceReader,
  ): { readonly info: EntryInfo; readonly version: VersionRow | undefined } {
    const retention = { nowMs: this.#options.clock.nowMs(), retentionMs: this.#options.retentionMs };
    const chosen =
      target.deletedToo === true
        ? accept(choose(names, whichOf(target), namespace, retention))
        : { standing: accept(standingAt(names, namespace)), version: target.version === 0 ? undefined : target.version };
    const { fileId, row } = chosen.standing;
    const number = chosen.version ?? row.version;
    if (row.kind !== 'file' || number === 0) return { info: entryInfo(names, fileId, row), version: undefined };
    const version = accept(keptVersion(names, { standing: chosen.standing, version: number }, namespace, retention));
    const { sizeBytes, committedMs, contentType } = version;
    const { mode, modified } = number === row.version ? row : version;
    const shown = { ...row, sizeBytes, committedMs, contentType, mode, modified, version: number };
    return { info: entryInfo(names, fileId, shown), version };
  }

  /** Those that overlap the range, in order; list by list, so that a long file is never in memory as a whole. */
  async *#extents({ info, version, fromBytes, toBytes }: Opened): AsyncGenerator<Omit<TargetExtent, 'target'>> {
    if (version === undefined || fromBytes >= toBytes) return;
    const wanted = (extent: Extent): boolean =>
      extent.offsetBytes < toBytes && extent.offsetBytes + extent.lengthBytes > fromBytes;
    const found = (extents: readonly Extent[], listId: ExtentListId | undefined): Omit<TargetExtent, 'target'>[] =>
      extents.filter(wanted).map((extent) => ({ extent, of: { fileId: info.fileId, version: info.version, listId } }));
    yield* found(version.extents, undefined);
    for (const id of version.extentListIds) {
      const extents = await this.#options.views.run((views) => views.extents.extents(id));
      assert(extents !== undefined, 'a committed version has its lists');
      yield* found(extents, id);
      const last = extents.at(-1);
      if (last !== undefined && last.offsetBytes + last.lengthBytes >= toBytes) return;
    }
  }
}

const whichOf = ({ fileId, version, atMs }: ReadTarget): Which => ({
  fileId: fileIdIn(fileId ?? ''),
  version: version === 0 ? undefined : version,
  atMs: atMs === 0 ? undefined : atMs,
});
