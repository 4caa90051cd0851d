import { accept, CollectiveError } from '../../base/index.js';
import {
  countsAsHolder,
  type HolderId,
  holdersOf,
  keptVersion,
  lostOf,
  memberCounts,
  type Protection,
  type Retention,
  showPath,
  standing,
} from '../../domain/index.js';
import type { Clock } from '../../ports/index.js';
import type { NodeRow, PeerRow, VersionRow } from '../../projections/index.js';
import type { EntryInfo, LocatedChunk, LocatedFile, LocateFilesRequest, LocateFilesResponse } from '../../transport/index.js';
import type { FilesCall } from '../caller.js';
import type { ViewReader } from '../log/view-reader.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import { entryInfo } from './entry-info.js';
import { EntryPage, messageBytesOf } from './entry-page.js';
import { HolderTable } from './holder-table.js';
import type { ProtectionDesk } from './protection-desk.js';
import { ownPath } from './requests.js';
import { walkTree, type Walked } from './tree-walk.js';
import { chunksOfVersion, type PlacedChunk } from './version-chunks.js';

export interface LocateOptions {
  readonly views: ViewReader;
  readonly registry: Pick<NodeRegistry, 'presence'>;
  readonly protection: ProtectionDesk;
  readonly clock: Clock;
  readonly retentionMs: number;
}

/** What a holder takes in a message, at most. */
const HOLDER_BYTES = 80;

/**
 * How well files are kept, and by whom. Pages are made as they are taken. Errors: those of the path, IS_A_DIRECTORY unless
 * recursive, REQUEST_INVALID for a symlink, NOT_FOUND for a version.
 */
export async function* locateFiles(
  options: LocateOptions,
  request: LocateFilesRequest,
  { signal }: FilesCall,
): AsyncGenerator<LocateFilesResponse> {
  const { views, protection, registry } = options;
  const top = ownPath(request.path);
  const known = await views.run((all) => ({
    nodes: new Map<HolderId, NodeRow>(all.nodes.all().filter(([id]) => countsAsHolder(id, all))),
    members: new Map<HolderId, PeerRow>(all.peers.all().filter(([id]) => memberCounts(id, all))),
  }));
  const holders = new HolderTable({ registry, ...known, reachOf: (id) => protection.reachOf(id) });
  const page = new EntryPage<LocatedFile>();
  for await (const walked of walkTree(views, top, signal, () => request.recursive)) {
    if (walked.names.length === top.length) requireFiles(walked, request);
    const found = walked.row.kind === 'file' ? await versionOf(walked, request.version, options) : undefined;
    if (found === undefined) continue;
    if (request.withChunks) {
      for await (const chunks of chunksOfVersion(views, found.version)) {
        yield { files: [], chunks: chunks.map((chunk) => locatedChunk(chunk, known, holders)), nodes: holders.take() };
      }
    }
    const located = locatedFile(found.info, await protection.inspect(found.version, signal), holders);
    page.add(located, messageBytesOf(found.info) + located.holders.length * HOLDER_BYTES);
    if (page.full || request.withChunks) yield { files: page.take(), chunks: [], nodes: holders.take() };
  }
  if (!page.empty) yield { files: page.take(), chunks: [], nodes: holders.take() };
}

function requireFiles({ row, names }: Walked, { recursive, version }: LocateFilesRequest): void {
  const path = showPath(names);
  if (row.kind === 'symlink') {
    throw new CollectiveError('REQUEST_INVALID', `${path} is a symlink: it has no bytes of its own.`, {
      next: `See where it leads: collective stat ${path}`,
      details: { path },
    });
  }
  if (row.kind === 'file' || (recursive && version === 0)) return;
  throw new CollectiveError('IS_A_DIRECTORY', `${path} is a folder.`, {
    next: `To see all files in it: collective whereis --recursive ${path}`,
    details: { path },
  });
}

/** Undefined where it went meanwhile. */
async function versionOf(
  { names, fileId, row }: Walked,
  asked: number,
  { views, clock, retentionMs }: LocateOptions,
): Promise<{ readonly info: EntryInfo; readonly version: VersionRow } | undefined> {
  const number = asked === 0 ? row.version : asked;
  const retention: Retention = { nowMs: clock.nowMs(), retentionMs };
  const version = await views.run(({ namespace }) =>
    asked === 0
      ? namespace.version(fileId, number)
      : accept(keptVersion(names, { standing: standing({ fileId, row }), version: number }, namespace, retention)),
  );
  if (version === undefined) return undefined;
  const { sizeBytes, committedMs } = version;
  return { version, info: entryInfo(names, fileId, { ...row, sizeBytes, committedMs, version: number }) };
}

function locatedFile(info: EntryInfo, found: Protection, holders: HolderTable): LocatedFile {
  return {
    info,
    chunks: found.chunks,
    copiesWanted: found.copiesWanted,
    copiesPresent: found.copiesPresent,
    copiesReachable: found.copiesReachable,
    underProtectedChunks: found.underProtectedChunks,
    unreachableChunks: found.unreachableChunks,
    lostChunks: found.lostChunks,
    holders: [...found.holders].map(([id, { chunks, lost }]) => ({ node: holders.indexOf(id), chunks, lost })),
  };
}

function locatedChunk(
  { extent, row }: PlacedChunk,
  { nodes, members }: { readonly nodes: ReadonlyMap<HolderId, unknown>; readonly members: ReadonlyMap<HolderId, unknown> },
  holders: HolderTable,
): LocatedChunk {
  return {
    offsetBytes: extent.offsetBytes,
    lengthBytes: extent.lengthBytes,
    chunkId: extent.chunkId ?? '',
    copiesWanted: row?.wantedCopies ?? 0,
    nodes: holdersOf(row)
      .filter((id) => nodes.has(id) || members.has(id))
      .map((id) => holders.indexOf(id)),
    lost: lostOf(row).map((id) => holders.indexOf(id)),
  };
}
