import { fileIdAt, ROOT_FILE_ID, type FileId } from '../../../base/index.js';
import type { FileCommitted, FileTime } from '../../../events/index.js';
import type { Bind } from '../../rows/table.js';
import { chunkBytesOf, type ExtentsReader } from '../extents.js';
import type { UploadsReader } from '../uploads.js';
import { refuse, type EventFacts, type View } from '../view.js';
import { NOTHING } from './counts.js';
import { namespaceReader, type NamespaceReader } from './reader.js';
import { AGEING, DELETED, ENTRIES, FILES, INFO, PURGED, VERSIONS, type FileRow, type VersionRow } from './rows.js';
import { Tree } from './tree.js';

export function namespaceView(
  bind: Bind,
  others: { readonly extents: ExtentsReader; readonly uploads: UploadsReader },
): View<NamespaceReader> {
  const tables = {
    files: bind(FILES),
    entries: bind(ENTRIES),
    versions: bind(VERSIONS),
    deleted: bind(DELETED),
    ageing: bind(AGEING),
    purged: bind(PURGED),
  };
  const tree = new Tree(tables);
  return {
    info: INFO,
    read: namespaceReader(tables),
    apply(event, facts) {
      const id = fileIdAt(facts.position);
      switch (event.type) {
        case 'CollectiveFounded':
          if (id !== ROOT_FILE_ID) refuse('the first event founds a collective, no other');
          tables.files.put(id, { ...BLANK, kind: 'directory', mode: 0o755, modified: fileTimeOf(facts.timeMs) });
          return;
        case 'DirectoryCreated':
          tree.create(id, { ...BLANK, ...placeOf(event), kind: 'directory', mode: event.mode });
          return;
        case 'FileCreated':
          tree.create(id, { ...BLANK, ...placeOf(event), kind: 'file', mode: event.mode });
          return;
        case 'SymlinkCreated':
          tree.create(id, { ...BLANK, ...placeOf(event), kind: 'symlink', mode: 0o777, symlinkTarget: event.target });
          return;
        case 'FileCommitted': {
          const storedBytes = contentOf(event, others);
          tables.versions.insert([event.fileId, event.version], versionOf(event, storedBytes, facts));
          tree.commit(event, storedBytes, facts);
          return;
        }
        case 'EntryMoved':
          tree.move(event, facts);
          return;
        case 'EntryRemoved':
          tree.remove(event, facts);
          return;
        case 'EntryLinked':
          tree.link(event);
          return;
        case 'VersionsPurged':
          tables.files.need(event.versions.map(({ fileId }) => fileId));
          tables.versions.need(
            event.versions.flatMap(({ fileId, version }) => [[fileId, version] as const, [fileId, version + 1] as const]),
          );
          for (const version of event.versions) tree.purgeVersion(version);
          return;
        case 'EntriesPurged':
          tables.files.need(event.fileIds);
          for (const fileId of event.fileIds) tree.purge(fileId);
          return;
        case 'AttributesChanged':
          tree.changeAttributes(event);
          return;
        default:
      }
    },
  };
}

const BLANK: FileRow = {
  kind: 'file',
  mode: 0,
  modified: { seconds: 0, nanoseconds: 0 },
  parentId: undefined,
  name: '',
  removed: false,
  removedMs: 0,
  purged: false,
  version: 0,
  sizeBytes: 0,
  storedBytes: 0,
  committedMs: 0,
  contentType: '',
  symlinkTarget: '',
  childCount: 0,
  below: NOTHING,
  heightMax: 0,
};

const fileTimeOf = (timeMs: number): FileTime => ({
  seconds: Math.floor(timeMs / 1000),
  nanoseconds: (timeMs % 1000) * 1_000_000,
});

const placeOf = (event: { readonly parentId: FileId; readonly name: string; readonly modified: FileTime }) => ({
  parentId: event.parentId,
  name: event.name,
  modified: event.modified,
});

/** What the copies of a version take. Refuses one whose content is not all on record. */
function contentOf(
  { uploadId, extentListIds, extents: inline }: FileCommitted,
  { extents, uploads }: { readonly extents: ExtentsReader; readonly uploads: UploadsReader },
): number {
  const upload = uploads.get(uploadId) ?? refuse('the upload was never opened');
  extents.needLists(extentListIds);
  let chunkBytes = chunkBytesOf(inline);
  for (const id of extentListIds) chunkBytes += (extents.list(id) ?? refuse('an extent list was never recorded')).chunkBytes;
  return chunkBytes * upload.copies;
}

const versionOf = (event: FileCommitted, storedBytes: number, { position, timeMs, actor }: EventFacts): VersionRow => ({
  sizeBytes: event.sizeBytes,
  storedBytes,
  extentListIds: event.extentListIds,
  extents: event.extents,
  mode: event.mode,
  modified: event.modified,
  contentType: event.contentType,
  openSessionId: event.openSessionId,
  uploadId: event.uploadId,
  committedMs: timeMs,
  committedBy: actor,
  purged: false,
  epoch: position.epoch,
  sequence: position.sequence,
});
