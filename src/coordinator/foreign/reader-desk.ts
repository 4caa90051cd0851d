import {
  type ChunkId,
  CollectiveError,
  type ExtentListId,
  formatDuration,
  isFileId,
  isMemberId,
  LIMITS,
  type MemberId,
} from '../../base/index.js';
import { Allowances, GrantScope, notGrantedAtAll, versionForReader } from '../../domain/index.js';
import type { Extent } from '../../events/index.js';
import type { Clock } from '../../ports/index.js';
import type { VersionRow } from '../../projections/index.js';
import type { CopyLocation, LocateForReaderRequest, LocateForReaderResponse, ReaderChunk } from '../../transport/index.js';
import { atMost, chunkRefOf, extentListIdIn } from '../files/requests.js';
import type { OtherLogs } from '../members/other-logs.js';
import { heldCopies, type HeldCopiesOptions } from './held-copies.js';

export interface ReaderDeskOptions extends HeldCopiesOptions {
  readonly own: MemberId;
  readonly logs: OtherLogs;
  readonly clock: Clock;
  readonly retentionMs: number;
}

const REFUSED: CopyLocation = { nodes: [], unknown: false, refused: true };

/**
 * Lets members read what is kept here for a third one, as that one's log allows it by the copy of it that is here. Never by a chunk's
 * id alone, which everybody knows: by a version of a file that names the chunk.
 */
export class ReaderDesk {
  readonly #options: ReaderDeskOptions;
  readonly #lookUps = new Allowances({ most: LIMITS.readerLookUps, periodMs: LIMITS.readerLookUpsMs });

  constructor(options: ReaderDeskOptions) {
    this.#options = options;
  }

  /** Errors: PERMISSION_DENIED where nothing of the owner's is granted to the reader, REQUEST_INVALID, LIMIT_EXCEEDED, CANCELLED. */
  async locate(
    reader: MemberId,
    request: LocateForReaderRequest,
    clientKeyHash: Uint8Array,
    signal: AbortSignal,
  ): Promise<LocateForReaderResponse> {
    const { owner } = request;
    if (!isMemberId(owner) || owner === this.#options.own) {
      throw new CollectiveError(
        'REQUEST_INVALID',
        'A reader names the member whose files it reads, and asks that one for its own.',
      );
    }
    const asked = atMost('chunks', request.chunks, LIMITS.chunksPerCall);
    const bySource = inOrderOfSource(asked);
    this.#take(
      reader,
      atMost('versions', request.versions, LIMITS.chunksPerCall).length + asked.length + LIST_LOOK_UPS * bySource.lists,
    );
    await this.#requireAny(reader, owner);
    const versions = await this.#versions(reader, owner, request, signal);
    const named = new NamedChunks(owner, this.#options.logs);
    const allowed = new Array<ReturnType<typeof chunkRefOf> | undefined>(asked.length).fill(undefined);
    for (const { chunk, at } of bySource.chunks) {
      signal.throwIfAborted();
      const version = versions[chunk.version];
      const ref = chunkRefOf(chunk);
      if (version !== undefined && (await named.has(version, chunk, ref))) allowed[at] = ref;
    }
    const chunks = allowed.filter((chunk) => chunk !== undefined);
    const held = await heldCopies(this.#options, { origin: owner, clientKeyHash, chunks });
    const found = held.locations[Symbol.iterator]();
    const locations = allowed.map((chunk): CopyLocation => (chunk === undefined ? undefined : found.next().value) ?? REFUSED);
    return { locations, nodes: held.nodes };
  }

  /** Error: LIMIT_EXCEEDED. */
  #take(reader: MemberId, lookUps: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#lookUps.take(reader, 1 + lookUps, nowMs)) return;
    const waitMs = Math.ceil(this.#lookUps.waitMs(reader, 1 + lookUps, nowMs));
    throw new CollectiveError('LIMIT_EXCEEDED', 'Your member has had as much looked up here as one member may in a minute.', {
      next: `Go on in ${formatDuration(waitMs)}.`,
      details: { waitMs },
    });
  }

  /** Who may read nothing learns nothing, not even whether there is a copy of the owner's log. */
  async #requireAny(reader: MemberId, owner: MemberId): Promise<void> {
    const { logs, clock } = this.#options;
    const granted = await logs.read(owner, (views) => new GrantScope(reader, views, clock.nowMs()).has('read'));
    if (granted !== true) throw notGrantedAtAll('read');
  }

  async #versions(
    reader: MemberId,
    owner: MemberId,
    request: LocateForReaderRequest,
    signal: AbortSignal,
  ): Promise<readonly (VersionRow | undefined)[]> {
    const { own, logs, clock, retentionMs } = this.#options;
    const who = { reader, holder: own };
    const found: (VersionRow | undefined)[] = [];
    for (const { fileId, version } of request.versions) {
      signal.throwIfAborted();
      if (!isFileId(fileId)) throw new CollectiveError('REQUEST_INVALID', 'That is not the id of a file.');
      const retention = { nowMs: clock.nowMs(), retentionMs };
      found.push(await logs.read(owner, (views) => versionForReader(who, { fileId, version }, views, retention)));
    }
    return found;
  }
}

/** What it takes to read a list of extents, against a version or a chunk. */
const LIST_LOOK_UPS = 10;

/** So that no list is read twice; `lists`: how many are. */
function inOrderOfSource(chunks: readonly ReaderChunk[]): {
  readonly chunks: readonly { readonly chunk: ReaderChunk; readonly at: number }[];
  readonly lists: number;
} {
  const bySource = new Map<string, { readonly chunk: ReaderChunk; readonly at: number }[]>();
  chunks.forEach((chunk, at) => {
    const source = chunk.extentListId === '' ? `${chunk.version}` : `${chunk.version} ${chunk.extentListId}`;
    const known = bySource.get(source);
    if (known === undefined) bySource.set(source, [{ chunk, at }]);
    else known.push({ chunk, at });
  });
  return { chunks: [...bySource.values()].flat(), lists: [...bySource.keys()].filter((source) => source.includes(' ')).length };
}

/** Which chunks versions name; lists are looked at one at a time, the last one is kept. */
class NamedChunks {
  readonly #owner: MemberId;
  readonly #logs: OtherLogs;
  #source: VersionRow | ExtentListId | undefined;
  #chunks: ReadonlyMap<ChunkId, number> = new Map();

  constructor(owner: MemberId, logs: OtherLogs) {
    this.#owner = owner;
    this.#logs = logs;
  }

  async has(version: VersionRow, { extentListId }: ReaderChunk, chunk: ReturnType<typeof chunkRefOf>): Promise<boolean> {
    if (extentListId === '') this.#take(version, version.extents);
    else {
      const id = extentListIdIn(extentListId);
      if (!version.extentListIds.includes(id)) return false;
      if (this.#source !== id) this.#take(id, (await this.#logs.read(this.#owner, ({ extents }) => extents.extents(id))) ?? []);
    }
    return this.#chunks.get(chunk.chunkId) === chunk.lengthBytes;
  }

  #take(source: VersionRow | ExtentListId, extents: readonly Extent[]): void {
    if (this.#source === source) return;
    this.#source = source;
    this.#chunks = new Map(
      extents.flatMap(({ chunkId, lengthBytes }) => (chunkId === undefined ? [] : [[chunkId, lengthBytes] as const])),
    );
  }
}
