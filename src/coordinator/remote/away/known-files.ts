import { CollectiveError, type MemberId } from '../../../base/index.js';
import type { MemberReach } from '../../../domain/index.js';
import type { Clock, Hasher } from '../../../ports/index.js';
import type { FilesHandlers } from '../../files/files-service.js';
import { HistoryCalls } from '../../files/history-calls.js';
import { locateFiles } from '../../files/locate-calls.js';
import { NamespaceCalls } from '../../files/namespace-calls.js';
import { ProtectionDesk } from '../../files/protection-desk.js';
import { ReadCalls } from '../../files/read-calls.js';
import { findEntries } from '../../files/search-calls.js';
import type { SharedCopies } from '../../foreign/shared-copies.js';
import type { ViewReader } from '../../log/view-reader.js';
import { GrantGate } from '../grant-gate.js';
import { KnownPages } from './known-pages.js';

export interface KnownFilesOptions {
  readonly owner: { readonly memberId: MemberId; readonly name: string };
  readonly own: MemberId;
  /** The owner's, as far as they are known here. */
  readonly views: ViewReader;
  readonly shared: SharedCopies;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly retentionMs: number;
}

/** Methods of FilesService that only read, and that a grant opens. */
const READING: ReadonlySet<string> = new Set([
  'ReadFiles',
  'Stat',
  'ListDirectory',
  'ListVersions',
  'FindEntries',
  'LocateFiles',
]);

export const onlyReads = (method: string): boolean => READING.has(method);

/**
 * The tree of a member whose coordinator is away, for the own clients, behind the same gate that the owner keeps: what is granted, by
 * what is known of its log. Nothing is written.
 */
export function knownFiles(options: KnownFilesOptions): FilesHandlers {
  const { owner, own, views, shared, clock } = options;
  const refuse = (): never => {
    throw notNow(owner.name);
  };
  const reachOf = (memberId: MemberId): MemberReach => (memberId === own ? 'here' : shared.reachOf(memberId));
  // Whether its nodes run or not: without its coordinator nobody gets to them.
  const registry = { presence: () => 'offline' as const };
  const protection = new ProtectionDesk({ views, registry, shared: { reachOf } });
  const search = { ...options, registry, protection };
  const calls = { ...options, commands: { submit: refuse } };
  const namespace = new NamespaceCalls(calls);
  const history = new HistoryCalls(calls);
  const reads = new ReadCalls({ ...options, pages: new KnownPages(options) });
  const writes = {
    openUpload: refuse,
    placeChunks: refuse,
    recordExtents: refuse,
    commitFiles: refuse,
    closeUpload: refuse,
    makeDirectories: refuse,
    makeSymlinks: refuse,
    setAttributes: refuse,
    moveEntry: refuse,
    removeEntry: refuse,
    copyEntries: refuse,
    restoreEntry: refuse,
    purgeEntry: refuse,
    reportDamage: refuse,
    listDeleted: refuse,
  };
  const files: FilesHandlers = {
    ...writes,
    readFiles: (request, call) => reads.readFiles(request, call),
    stat: (request) => namespace.stat(request),
    listDirectory: (request) => namespace.listDirectory(request),
    listVersions: (request, call) => history.listVersions(request, call),
    findEntries: (request, call) => findEntries(search, request, call),
    locateFiles: (request, call) => locateFiles(search, request, call),
  };
  const gate = new GrantGate({ files, views, clock, memberId: owner.memberId, trust: undefined });
  return { ...gate.handlers, ...writes };
}

/** For what cannot be done without the owner. */
export const notNow = (name: string, cause?: CollectiveError): CollectiveError =>
  new CollectiveError(
    'COORDINATOR_UNREACHABLE',
    `The coordinator of ${name} is away: its tree can only be read now, as far as it is known here.`,
    {
      next: `Try again once ${name} is back. Since when it is away: collective peer list`,
      details: { member: name },
      ...(cause === undefined ? {} : { cause }),
    },
  );
