import type { CopyCallsOptions } from './copy-calls.js';
import { CopyCalls } from './copy-calls.js';
import { DamageCalls, type DamageCallsOptions } from './damage-calls.js';
import { type FilesHandlers, filesService } from './files-service.js';
import { HistoryCalls, type HistoryCallsOptions } from './history-calls.js';
import type { LocateOptions } from './locate-calls.js';
import { NamespaceCalls, type NamespaceCallsOptions } from './namespace-calls.js';
import { OwnPages, type OwnPagesOptions } from './own-pages.js';
import { ReadCalls, type ReadCallsOptions } from './read-calls.js';
import { UploadCalls, type UploadCallsOptions } from './upload-calls.js';

type Options = UploadCallsOptions &
  Omit<ReadCallsOptions, 'pages'> &
  OwnPagesOptions &
  DamageCallsOptions &
  NamespaceCallsOptions &
  HistoryCallsOptions &
  CopyCallsOptions &
  LocateOptions;

/** What differs with who may call: how commands are taken, which tickets are handed out, what may be copied. */
export type FilesAccess = Pick<Options, 'commands' | 'tickets' | 'mayRead'>;

/** What the tree's calls are made of, whoever calls. */
export type FilesParts = Omit<Options, keyof FilesAccess>;

/** The member's tree, for one kind of callers. */
export function openFiles(parts: FilesParts, access: FilesAccess): FilesHandlers {
  const options = { ...parts, ...access };
  return filesService({
    uploads: new UploadCalls(options),
    reads: new ReadCalls({ ...options, pages: new OwnPages(options) }),
    namespace: new NamespaceCalls(options),
    history: new HistoryCalls(options),
    copies: new CopyCalls(options),
    search: options,
    damage: new DamageCalls(options),
  });
}
