import type { FilesServiceDefinition, ServiceImplementation } from '../../transport/index.js';
import type { FilesCall } from '../caller.js';
import type { CopyCalls } from './copy-calls.js';
import type { DamageCalls } from './damage-calls.js';
import type { HistoryCalls } from './history-calls.js';
import { type LocateOptions, locateFiles } from './locate-calls.js';
import type { NamespaceCalls } from './namespace-calls.js';
import type { ReadCalls } from './read-calls.js';
import { findEntries } from './search-calls.js';
import type { UploadCalls } from './upload-calls.js';

type Methods = ServiceImplementation<typeof FilesServiceDefinition>;

/** The Files service for whoever may call it: see FilesCall. */
export type FilesHandlers = {
  readonly [Name in keyof Methods]: (request: Parameters<Methods[Name]>[0], call: FilesCall) => ReturnType<Methods[Name]>;
};

/** The member's tree, as its clients use it. */
export function filesService(calls: {
  readonly uploads: UploadCalls;
  readonly reads: ReadCalls;
  readonly namespace: NamespaceCalls;
  readonly history: HistoryCalls;
  readonly copies: CopyCalls;
  readonly search: LocateOptions;
  readonly damage: DamageCalls;
}): FilesHandlers {
  const { uploads, reads, namespace, history, copies, search, damage } = calls;
  return {
    openUpload: (request, call) => uploads.openUpload(request, call),
    placeChunks: (request, call) => uploads.placeChunks(request, call),
    recordExtents: (request, call) => uploads.recordExtents(request, call),
    commitFiles: (request, call) => uploads.commitFiles(request, call),
    closeUpload: (request, call) => uploads.closeUpload(request, call),
    readFiles: (request, call) => reads.readFiles(request, call),
    reportDamage: (request, call) => damage.reportDamage(request, call),
    stat: (request) => namespace.stat(request),
    listDirectory: (request) => namespace.listDirectory(request),
    makeDirectories: (request, call) => namespace.makeDirectories(request, call),
    makeSymlinks: (request, call) => namespace.makeSymlinks(request, call),
    setAttributes: (request, call) => namespace.setAttributes(request, call),
    moveEntry: (request, call) => namespace.moveEntry(request, call),
    removeEntry: (request, call) => namespace.removeEntry(request, call),
    listVersions: (request, call) => history.listVersions(request, call),
    listDeleted: (request, call) => history.listDeleted(request, call),
    restoreEntry: (request, call) => history.restoreEntry(request, call),
    purgeEntry: (request, call) => history.purgeEntry(request, call),
    copyEntries: (request, call) => copies.copyEntries(request, call),
    findEntries: (request, call) => findEntries(search, request, call),
    locateFiles: (request, call) => locateFiles(search, request, call),
  };
}
