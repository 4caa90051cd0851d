import { accept, assert, CollectiveError, formatRemotePath, LIMITS, type MemberId } from '../../base/index.js';
import { find, GrantScope, type Names, notGrantedAtAll } from '../../domain/index.js';
import type { GrantRight } from '../../events/index.js';
import type { Clock } from '../../ports/index.js';
import type { Views } from '../../projections/index.js';
import type {
  FindEntriesRequest,
  FindEntriesResponse,
  ListVersionsRequest,
  ListVersionsResponse,
  LocateFilesRequest,
  LocateFilesResponse,
  MemberTrust,
  NodeAccess,
  ReadFilesRequest,
  ReadFilesResponse,
  Receipt,
  ReportDamageRequest,
  ReportDamageResponse,
} from '../../transport/index.js';
import type { FilesCall } from '../caller.js';
import type { FilesHandlers } from '../files/files-service.js';
import { atMost, ownPath } from '../files/requests.js';
import type { ViewReader } from '../log/view-reader.js';
import { ReportBudget } from './report-budget.js';
import { folderOnTheWay, listOnTheWay, readableBelow } from './ways.js';

export interface GrantGateOptions {
  readonly files: FilesHandlers;
  readonly views: ViewReader;
  readonly clock: Clock;
  /** Of the member whose tree it is. */
  readonly memberId: MemberId;
  /** What its nodes are known by to others. Undefined: nodes are named as the caller knows them already. */
  readonly trust: (() => Promise<MemberTrust>) | undefined;
}

interface Need {
  readonly names: Names;
  readonly right: GrantRight;
}

/**
 * The Files service as clients of other members get it: each method that they may use at all, with the rights it needs for every
 * path that it names. What would be recorded is held against the grants once more when it is decided (see guardedCommands).
 */
export class GrantGate {
  readonly #options: GrantGateOptions;
  readonly #reports = new ReportBudget();

  constructor(options: GrantGateOptions) {
    this.#options = options;
  }

  get handlers(): FilesHandlers {
    const { files } = this.#options;
    const never = (): never => {
      throw new CollectiveError('PERMISSION_DENIED', 'That is only for the clients of the member whose tree it is.', {
        next: 'A grant is for reading and writing what is there: see collective grant --help',
      });
    };
    const writing = (paths: readonly string[]): readonly Need[] => needs(paths, 'write');
    return {
      openUpload: async (request, call) => {
        if (request.copies !== 0) throw copiesAreTheOwners();
        await this.#require(call, request.path === undefined || request.path === '' ? [] : writing([request.path]), 'write');
        return files.openUpload(request, call);
      },
      placeChunks: async (request, call) => {
        await this.#require(call, [], 'write');
        const placed = await files.placeChunks(request, call);
        // Who may not read them is not told what is held already: all of it is sent.
        return {
          placements: placed.placements.map((placement) => ({ ...placement, heldBy: [] })),
          nodes: await this.#named(placed.nodes),
        };
      },
      recordExtents: async (request, call) => {
        await this.#require(call, [], 'write');
        return files.recordExtents({ ...request, receipts: this.#ours(request.receipts) }, call);
      },
      commitFiles: async (request, call) => {
        const commits = atMost('files', request.files, LIMITS.filesPerCommit);
        await this.#require(call, writing(commits.map(({ path }) => path)), 'write');
        return files.commitFiles({ ...request, receipts: this.#ours(request.receipts) }, call);
      },
      closeUpload: (request, call) => files.closeUpload(request, call),
      readFiles: (request, call) => this.#readFiles(request, call),
      stat: async (request, call) => {
        const names = ownPath(request.path);
        const way = await this.#look(call, (scope, { namespace }) => {
          if (scope.covers(names, 'read')) return undefined;
          const folder = scope.leadsOn(names) ? folderOnTheWay(names, scope, namespace) : undefined;
          if (folder === undefined) accept(scope.require(names, 'read'));
          return folder;
        });
        if (way === undefined) return files.stat(request, call);
        return { entry: way.info, usage: request.withUsage === true ? way.usage : undefined };
      },
      listDirectory: async (request, call) => {
        const names = ownPath(request.path);
        const listed = await this.#look(call, (scope, { namespace }) => {
          if (scope.covers(names, 'read')) return undefined;
          if (!scope.leadsOn(names)) accept(scope.require(names, 'read'));
          return listOnTheWay(names, { ...request, withUsage: request.withUsage === true }, scope, namespace);
        });
        return listed ?? files.listDirectory(request, call);
      },
      makeDirectories: async (request, call) => {
        const made = atMost('entries', request.directories, LIMITS.filesPerCommit);
        await this.#require(call, writing(made.map(({ path }) => path)));
        return files.makeDirectories(request, call);
      },
      makeSymlinks: async (request, call) => {
        const made = atMost('entries', request.symlinks, LIMITS.filesPerCommit);
        await this.#require(call, writing(made.map(({ path }) => path)));
        return files.makeSymlinks(request, call);
      },
      setAttributes: async (request, call) => {
        const changed = atMost('entries', request.changes, LIMITS.filesPerCommit);
        await this.#require(call, writing(changed.map(({ path }) => path)));
        return files.setAttributes(request, call);
      },
      // Moved to where it can be read, it can be read.
      moveEntry: async (request, call) => {
        const { fromPath, toPath } = request;
        await this.#require(call, [...needs([fromPath], 'read'), ...writing([fromPath, toPath])]);
        return files.moveEntry(request, call);
      },
      removeEntry: async (request, call) => {
        await this.#require(call, writing([request.path]));
        const { fileId } = await files.removeEntry(request, call);
        return { fileId, bound: undefined };
      },
      copyEntries: async (request, call) => {
        const copies = atMost('copies', request.copies, LIMITS.filesPerCommit);
        const reading = needs(
          copies.map(({ fromPath }) => fromPath),
          'read',
        );
        await this.#require(call, [...reading, ...writing(copies.map(({ toPath }) => toPath))]);
        return files.copyEntries(request, call);
      },
      listVersions: (request, call) => this.#listVersions(request, call),
      findEntries: (request, call) => this.#findEntries(request, call),
      locateFiles: (request, call) => this.#locateFiles(request, call),
      listDeleted: never,
      restoreEntry: never,
      purgeEntry: never,
      reportDamage: (request, call) => this.#reportDamage(request, call),
    };
  }

  /** Each is for a node to look at again: as many as one who reads may find, and not as many as one could make up. */
  async #reportDamage(request: ReportDamageRequest, call: FilesCall): Promise<ReportDamageResponse> {
    const found = atMost('copies', request.copies, LIMITS.chunksPerCall);
    const { files, memberId, clock } = this.#options;
    await this.#require(call, needs([...new Set(found.map(({ path = '' }) => path))], 'read'));
    assert(call.caller.role === 'foreign-client', 'only clients of other members come this way');
    this.#reports.take(call.caller.memberId, found.length, clock.monotonicMs());
    const copies = found.map((copy) => (copy.memberId === memberId ? { ...copy, memberId: '' } : copy));
    return files.reportDamage({ copies }, call);
  }

  /** Pages end when the right does: who is on the way has tickets for a few minutes, and gets no more. */
  async *#readFiles(request: ReadFilesRequest, call: FilesCall): AsyncGenerator<ReadFilesResponse> {
    const asked = atMost('files', request.targets, LIMITS.filesPerRead);
    const reading = needs(
      asked.map(({ path }) => path),
      'read',
    );
    const targets = await this.#look(call, (scope, { namespace }) => {
      for (const { names } of reading) accept(scope.require(names, 'read'));
      return asked.map((target) => {
        if (target.deletedToo !== true) return target;
        // What was deleted is the owner's: of what stands, all versions are open.
        const { fileId } = accept(find(ownPath(target.path), namespace));
        if (target.fileId !== undefined && target.fileId !== '' && target.fileId !== fileId) throw notGrantedAtAll('read');
        return { ...target, fileId };
      });
    });
    for await (const page of this.#options.files.readFiles({ ...request, targets }, call)) {
      await this.#require(call, reading);
      yield { ...page, nodes: await this.#named(page.nodes) };
    }
  }

  /** Of what stands there; what was deleted is the owner's. */
  async *#listVersions(request: ListVersionsRequest, call: FilesCall): AsyncGenerator<ListVersionsResponse> {
    const names = ownPath(request.path);
    const { fileId } = await this.#look(call, (scope, { namespace }) => {
      accept(scope.require(names, 'read'));
      return accept(find(names, namespace));
    });
    for await (const page of this.#options.files.listVersions(request, call)) {
      await this.#require(call, [{ names, right: 'read' }]);
      yield { ...page, versions: page.versions.filter((version) => version.fileId === fileId) };
    }
  }

  async *#findEntries(request: FindEntriesRequest, call: FilesCall): AsyncGenerator<FindEntriesResponse> {
    for (const names of await this.#readable(request.path, call)) {
      for await (const page of this.#options.files.findEntries({ ...request, path: pathOf(names) }, call)) {
        await this.#require(call, [{ names, right: 'read' }]);
        yield page;
      }
    }
  }

  async *#locateFiles(request: LocateFilesRequest, call: FilesCall): AsyncGenerator<LocateFilesResponse> {
    for (const names of await this.#readable(request.path, call)) {
      for await (const page of this.#options.files.locateFiles({ ...request, path: pathOf(names) }, call)) {
        await this.#require(call, [{ names, right: 'read' }]);
        yield page;
      }
    }
  }

  /** The path, or what may be read below it. Error: PERMISSION_DENIED where that is nothing. */
  #readable(path: string, call: FilesCall): Promise<readonly Names[]> {
    const names = ownPath(path);
    return this.#look(call, (scope) => {
      if (scope.covers(names, 'read')) return [names];
      const below = readableBelow(names, scope).map((grant) => grant.names);
      if (below.length === 0) accept(scope.require(names, 'read'));
      return below;
    });
  }

  /** Error: PERMISSION_DENIED. `somewhere`: this right for some folder at least. */
  #require(call: FilesCall, required: readonly Need[], somewhere?: GrantRight): Promise<void> {
    return this.#look(call, (scope) => {
      for (const { names, right } of required) accept(scope.require(names, right));
      if (somewhere !== undefined && !scope.has(somewhere)) throw notGrantedAtAll(somewhere);
    });
  }

  #look<Value>({ caller }: FilesCall, work: (scope: GrantScope, views: Views) => Value): Promise<Value> {
    assert(caller.role === 'foreign-client', 'only clients of other members come this way');
    const { views, clock } = this.#options;
    return views.run((all) => work(new GrantScope(caller.memberId, all, clock.nowMs()), all));
  }

  /** What is of another member to the caller is of the own one here. */
  #ours(receipts: readonly Receipt[]): Receipt[] {
    const { memberId } = this.#options;
    return receipts.map((receipt) => (receipt.memberId === memberId ? { ...receipt, memberId: '' } : receipt));
  }

  /** For whom these nodes are another member's. */
  async #named(nodes: readonly NodeAccess[]): Promise<NodeAccess[]> {
    const { memberId } = this.#options;
    if (nodes.length === 0 || this.#options.trust === undefined) return [...nodes];
    const trust = await this.#options.trust();
    return nodes.map((node) => (node.memberId === '' ? { ...node, memberId, trust } : node));
  }
}

const needs = (paths: readonly string[], right: GrantRight): readonly Need[] =>
  paths.map((path) => ({ names: ownPath(path), right }));

const pathOf = (names: Names): string => formatRemotePath({ member: undefined, names });

const copiesAreTheOwners = (): CollectiveError =>
  new CollectiveError('PERMISSION_DENIED', 'How many copies are kept is for the member to say whose tree it is.', {
    next: 'Leave out --copies.',
  });
