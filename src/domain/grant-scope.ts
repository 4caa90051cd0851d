import {
  CollectiveError,
  fail,
  type FileId,
  formatDuration,
  fileIdAt,
  type GrantId,
  type MemberId,
  ok,
  type Result,
} from '../base/index.js';
import type { CollectiveEvent, GrantRight } from '../events/index.js';
import type { GrantRow, GrantsReader, NamespaceReader, PeersReader } from '../projections/index.js';
import type { DecisionContext } from './decision.js';
import { type Names, showPath } from './namespace/lookup.js';

export interface GrantViews {
  readonly grants: GrantsReader;
  readonly peers: PeersReader;
  readonly namespace: NamespaceReader;
}

/** A grant that holds now, and where its directory is now. */
export interface HoldingGrant {
  readonly grantId: GrantId;
  readonly row: GrantRow;
  readonly names: Names;
}

export const hasEnded = ({ untilMs }: Pick<GrantRow, 'untilMs'>, nowMs: number): boolean => untilMs !== 0 && untilMs <= nowMs;

/** What a member may do now, in the tree as it is: nothing while it is suspended or removed. */
export class GrantScope {
  readonly grants: readonly HoldingGrant[];
  readonly #byRight: ReadonlyMap<GrantRight, ReadonlySet<FileId>>;
  readonly #namespace: NamespaceReader;
  /** Those that have run out: only to say so. */
  readonly #ended: readonly GrantRow[];
  readonly #nowMs: number;

  constructor(memberId: MemberId, { grants, peers, namespace }: GrantViews, nowMs: number) {
    this.#namespace = namespace;
    this.#nowMs = nowMs;
    const holding: HoldingGrant[] = [];
    const ended: GrantRow[] = [];
    if (peers.get(memberId)?.state === 'admitted') {
      for (const [grantId, row] of grants.ofMember(memberId)) {
        if (hasEnded(row, nowMs)) ended.push(row);
        const names = hasEnded(row, nowMs) ? undefined : namespace.pathOf(row.directoryId);
        if (names !== undefined) holding.push({ grantId, row, names });
      }
    }
    this.grants = holding;
    this.#ended = ended;
    const withRight = (right: GrantRight): ReadonlySet<FileId> =>
      new Set(holding.filter(({ row }) => row.rights.includes(right)).map(({ row }) => row.directoryId));
    this.#byRight = new Map([
      ['read', withRight('read')],
      ['write', withRight('write')],
    ]);
  }

  has(right: GrantRight): boolean {
    return this.#of(right).size > 0;
  }

  /** Whether a path lies in a directory with this right, whether or not something stands there. */
  covers(names: Names, right: GrantRight): boolean {
    const directories = this.#of(right);
    return directories.size > 0 && this.#namespace.walk(names).trail.some((id) => directories.has(id));
  }

  /** Whether a file, directory or symlink lies in, or is, such a directory. */
  coversFile(id: FileId, right: GrantRight): boolean {
    const directories = this.#of(right);
    let at: FileId | undefined = id;
    while (at !== undefined) {
      const row = this.#namespace.file(at);
      if (row === undefined || row.removed) return false;
      if (directories.has(at)) return true;
      at = row.parentId;
    }
    return false;
  }

  /** Whether this is a folder on the way to a granted one, or that one itself: its name is no secret, what else is in it is. */
  leadsOn(names: Names): boolean {
    return this.grants.some((grant) => names.every((name, depth) => grant.names[depth] === name));
  }

  /** What is seen of a folder on the way: the next names of the ways through it, each once, in no order. */
  waysThrough(names: Names): readonly string[] {
    const next = this.grants
      .filter((grant) => grant.names.length > names.length && names.every((name, depth) => grant.names[depth] === name))
      .map((grant) => grant.names[names.length] ?? '');
    return [...new Set(next)];
  }

  /** Error: PERMISSION_DENIED, which tells nothing of what is there but to who could see it before. */
  require(names: Names, right: GrantRight): Result<undefined, CollectiveError> {
    if (this.covers(names, right)) return ok(undefined);
    const endedMs = this.#endOf(names, right);
    return fail(endedMs === undefined ? notGranted(names, right) : notGrantedAnyMore(names, right, this.#nowMs - endedMs));
  }

  /** When the last grant ended that covered the path. */
  #endOf(names: Names, right: GrantRight): number | undefined {
    const { trail } = this.#namespace.walk(names);
    const ends = this.#ended
      .filter(({ rights, directoryId }) => rights.includes(right) && trail.includes(directoryId))
      .map(({ untilMs }) => untilMs);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /** Whether the member may bring about these events, which follow from one decision. Error: PERMISSION_DENIED. */
  allows(
    events: readonly CollectiveEvent[],
    { nextPosition }: Pick<DecisionContext, 'nextPosition'>,
  ): Result<undefined, CollectiveError> {
    const made = new Set<FileId>();
    for (const [index, event] of events.entries()) {
      const touched = touchedBy(event);
      const covered =
        touched === 'upload' ? this.has('write') : touched?.every((id) => made.has(id) || this.coversFile(id, 'write')) === true;
      if (!covered) return fail(notGrantedAtAll('write'));
      made.add(fileIdAt({ epoch: nextPosition.epoch, sequence: nextPosition.sequence + index }));
    }
    return ok(undefined);
  }

  #of(right: GrantRight): ReadonlySet<FileId> {
    return this.#byRight.get(right) ?? new Set();
  }
}

/** What has to be granted for an event: directories and files, or only some writing somewhere. Undefined: it is never granted. */
function touchedBy(event: CollectiveEvent): readonly FileId[] | 'upload' | undefined {
  switch (event.type) {
    case 'UploadOpened':
    case 'UploadCompleted':
    case 'UploadAbandoned':
    case 'ExtentsRecorded':
    case 'CopiesRecorded':
      return 'upload';
    case 'DirectoryCreated':
    case 'FileCreated':
    case 'SymlinkCreated':
    case 'EntryRemoved':
      return [event.parentId];
    case 'FileCommitted':
    case 'AttributesChanged':
      return [event.fileId];
    case 'EntryMoved':
      return [event.fromParentId, event.toParentId];
    default:
      return undefined;
  }
}

const WORDS: Readonly<Record<GrantRight, string>> = { read: 'read', write: 'change' };

const notGranted = (names: Names, right: GrantRight): CollectiveError =>
  new CollectiveError('PERMISSION_DENIED', `You may not ${WORDS[right]} ${showPath(names)}: it is not granted to you.`, {
    next: `Ask its owner for a grant to ${right} in a folder (collective grant add).`,
    details: { path: showPath(names) },
  });

const notGrantedAnyMore = (names: Names, right: GrantRight, agoMs: number): CollectiveError =>
  new CollectiveError(
    'PERMISSION_DENIED',
    `You may not ${WORDS[right]} ${showPath(names)} any more: what was granted to you ended ${formatDuration(agoMs)} ago.`,
    {
      next: `Ask its owner for another grant to ${right} there (collective grant add).`,
      details: { path: showPath(names), endedAgoMs: agoMs },
    },
  );

export const notGrantedAtAll = (right: GrantRight): CollectiveError =>
  new CollectiveError('PERMISSION_DENIED', `You may not ${WORDS[right]} this: it is not granted to you.`, {
    next: `Ask its owner for a grant to ${right} in a folder (collective grant add).`,
  });
