import { CollectiveError, LIMITS } from '../../base/index.js';
import { matchesGlob } from '../../domain/index.js';
import type { EntryInfo, FindEntriesRequest, FindEntriesResponse } from '../../transport/index.js';
import type { FilesCall } from '../caller.js';
import type { ViewReader } from '../log/view-reader.js';
import { entryInfo, KINDS } from './entry-info.js';
import { EntryPage, messageBytesOf } from './entry-page.js';
import type { ProtectionDesk } from './protection-desk.js';
import { ownPath } from './requests.js';
import { walkTree, type Walked } from './tree-walk.js';

/** Which entries match. Pages are made as they are taken. Errors: those of the path, LIMIT_EXCEEDED for the pattern. */
export async function* findEntries(
  { views, protection }: { readonly views: ViewReader; readonly protection: ProtectionDesk },
  request: FindEntriesRequest,
  { signal }: FilesCall,
): AsyncGenerator<FindEntriesResponse> {
  const top = ownPath(request.path);
  if (request.name.length > LIMITS.findPatternCharacters) {
    throw new CollectiveError('LIMIT_EXCEEDED', `A pattern has at most ${LIMITS.findPatternCharacters} characters.`, {
      next: 'Use a shorter one: * stands for any characters.',
    });
  }
  const matches = matcherOf(request);
  const page = new EntryPage<EntryInfo>();
  for await (const walked of walkTree(views, top, signal)) {
    if (!matches(walked)) continue;
    if (request.underProtected && !(await protection.isUnderProtected(walked, signal, 'reachable'))) continue;
    const info = entryInfo(walked.names, walked.fileId, walked.row);
    page.add(info, messageBytesOf(info));
    if (page.full) yield { entries: page.take() };
  }
  if (!page.empty) yield { entries: page.take() };
}

function matcherOf(request: FindEntriesRequest): (walked: Walked) => boolean {
  const { largerThanBytes, smallerThanBytes, newerThanMs, olderThanMs, ignoreCase } = request;
  const kinds = new Set(request.kinds);
  const folded = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const pattern = folded(request.name);
  const onlyFiles = request.underProtected || largerThanBytes !== undefined || smallerThanBytes !== undefined;
  return ({ names, row }) => {
    if (onlyFiles && row.kind !== 'file') return false;
    if (kinds.size > 0 && !kinds.has(KINDS[row.kind])) return false;
    if (pattern !== '' && !matchesGlob(pattern, folded(names.at(-1) ?? ''))) return false;
    if (largerThanBytes !== undefined && row.sizeBytes <= largerThanBytes) return false;
    if (smallerThanBytes !== undefined && row.sizeBytes >= smallerThanBytes) return false;
    const modifiedMs = row.modified.seconds * 1000 + row.modified.nanoseconds / 1_000_000;
    if (newerThanMs !== undefined && modifiedMs <= newerThanMs) return false;
    return olderThanMs === undefined || modifiedMs < olderThanMs;
  };
}
