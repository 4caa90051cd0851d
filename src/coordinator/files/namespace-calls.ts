import { accept, assert, fileIdAt, LIMITS, toCollectiveError } from '../../base/index.js';
import {
  type Decision,
  type DecisionContext,
  decideMakeDirectory,
  decideMakeSymlink,
  decideMoveEntry,
  decideRemoveEntry,
  decideSetAttributes,
  find,
  findDirectory,
  type Names,
} from '../../domain/index.js';
import type { RecordedEvent } from '../../events/index.js';
import type { Clock, Hasher } from '../../ports/index.js';
import type { Views } from '../../projections/index.js';
import { failureOf } from '../../transport/index.js';
import type {
  BoundFolders,
  EntryInfo,
  EntryOutcome,
  ListDirectoryRequest,
  ListDirectoryResponse,
  MakeDirectoriesRequest,
  MakeDirectoriesResponse,
  MakeSymlinksRequest,
  MakeSymlinksResponse,
  MoveEntryRequest,
  MoveEntryResponse,
  RemoveEntryRequest,
  RemoveEntryResponse,
  SetAttributesRequest,
  SetAttributesResponse,
  StatRequest,
  StatResponse,
  TreeUsage,
} from '../../transport/index.js';
import { type ClientCaller, clientCaller, type FilesCall } from '../caller.js';
import type { Submits } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import type { ViewReader } from '../log/view-reader.js';
import { boundBelow } from './bound-below.js';
import { entryInfo } from './entry-info.js';
import { EntryPage, messageBytesOf } from './entry-page.js';
import { atMost, fileTimeOf, modeOf, ownPath } from './requests.js';
import { usageOf } from './usage-info.js';

export interface NamespaceCallsOptions {
  readonly commands: Submits;
  readonly views: ViewReader;
  readonly clock: Clock;
  readonly hasher: Hasher;
}

interface EntryCommand {
  readonly names: Names;
  readonly decide: (views: Views, context: DecisionContext) => Decision;
}

/** The calls that look at the tree and change it, but for what comes in by uploads. */
export class NamespaceCalls {
  readonly #options: NamespaceCallsOptions;

  constructor(options: NamespaceCallsOptions) {
    this.#options = options;
  }

  async stat(request: StatRequest): Promise<StatResponse> {
    const names = ownPath(request.path);
    return this.#options.views.run(({ namespace }) => {
      const { fileId, row } = accept(find(names, namespace));
      return { entry: entryInfo(names, fileId, row), usage: request.withUsage === true ? usageOf(row) : undefined };
    });
  }

  async listDirectory(request: ListDirectoryRequest): Promise<ListDirectoryResponse> {
    const names = ownPath(request.path);
    const limit = request.limit === 0 ? LIMITS.listPageEntries : Math.min(request.limit, LIMITS.listPageEntries);
    return this.#options.views.run(({ namespace }) => {
      const { fileId } = accept(findDirectory(names, namespace));
      const { rows, more } = namespace.entries(fileId, request.afterName === '' ? undefined : request.afterName, limit);
      namespace.needFiles(rows.map(([, entry]) => entry.fileId));
      const page = new EntryPage<readonly [EntryInfo, TreeUsage]>();
      let taken = 0;
      for (const [[, name], entry] of rows) {
        if (page.full) break;
        const row = namespace.file(entry.fileId);
        assert(row !== undefined, 'an entry leads to a file');
        const info = entryInfo([...names, name], entry.fileId, row);
        page.add([info, usageOf(row)], messageBytesOf(info));
        taken += 1;
      }
      const items = page.take();
      return {
        entries: items.map(([info]) => info),
        usages: request.withUsage === true ? items.map(([, usage]) => usage) : [],
        more: more || taken < rows.length,
      };
    });
  }

  async makeDirectories(request: MakeDirectoriesRequest, call: FilesCall): Promise<MakeDirectoriesResponse> {
    const outcomes = await this.#plural('makeDirectories', request.requestId, request.directories, call, (item, nowMs) => {
      const names = ownPath(item.path);
      const { makeParents, existOk } = item;
      const command = { names, mode: modeOf(item.mode), modified: fileTimeOf(item.modified, nowMs), makeParents, existOk };
      return { names, decide: (views, context) => decideMakeDirectory(command, views.namespace, context) };
    });
    return { outcomes };
  }

  async makeSymlinks(request: MakeSymlinksRequest, call: FilesCall): Promise<MakeSymlinksResponse> {
    const outcomes = await this.#plural('makeSymlinks', request.requestId, request.symlinks, call, (item, nowMs) => {
      const names = ownPath(item.path);
      const command = { names, target: item.target, modified: fileTimeOf(item.modified, nowMs), replace: item.replace };
      return { names, decide: (views, context) => decideMakeSymlink(command, views.namespace, context) };
    });
    return { outcomes };
  }

  async setAttributes(request: SetAttributesRequest, call: FilesCall): Promise<SetAttributesResponse> {
    const outcomes = await this.#plural('setAttributes', request.requestId, request.changes, call, (item, nowMs) => {
      const names = ownPath(item.path);
      const mode = item.mode === undefined ? undefined : modeOf(item.mode);
      const modified = item.modified === undefined ? undefined : fileTimeOf(item.modified, nowMs);
      return { names, decide: (views) => decideSetAttributes({ names, mode, modified }, views.namespace) };
    });
    return { outcomes };
  }

  async moveEntry(request: MoveEntryRequest, call: FilesCall): Promise<MoveEntryResponse> {
    const [from, to] = [ownPath(request.fromPath), ownPath(request.toPath)];
    const { replace, expectedVersion } = request;
    await this.#single('moveEntry', request.requestId, request, call, (views) =>
      decideMoveEntry({ from, to, replace, expectedVersion }, views.namespace),
    );
    return { entry: await this.#entryAt(to) };
  }

  async removeEntry(request: RemoveEntryRequest, call: FilesCall): Promise<RemoveEntryResponse> {
    const names = ownPath(request.path);
    const { recursive, expectedVersion } = request;
    let bound: BoundFolders | undefined;
    const events = await this.#single('removeEntry', request.requestId, request, call, (views, { nowMs }) => {
      bound = boundBelow(names, views, nowMs);
      return decideRemoveEntry({ names, recursive, expectedVersion }, views.namespace);
    });
    const removed = events[0]?.event;
    assert(removed?.type === 'EntryRemoved', 'what was removed has its event');
    return { fileId: removed.fileId, bound };
  }

  #single(
    method: string,
    requestId: string,
    content: unknown,
    call: FilesCall,
    decide: EntryCommand['decide'],
  ): Promise<readonly RecordedEvent[]> {
    const request = requestRef({ requestId, method, content }, this.#options.hasher);
    return this.#options.commands.submit({ actor: clientCaller(call.caller).actor, request, decide, answer: (events) => events });
  }

  /** Each item is a command of its own; all of them share a block where they fit. */
  #plural<Item>(
    method: string,
    requestId: string,
    items: readonly Item[],
    call: FilesCall,
    commandOf: (item: Item, nowMs: number) => EntryCommand,
  ): Promise<EntryOutcome[]> {
    const caller = clientCaller(call.caller);
    return Promise.all(
      atMost('entries', items, LIMITS.filesPerCommit).map(async (item, index): Promise<EntryOutcome> => {
        try {
          const command = commandOf(item, this.#options.clock.nowMs());
          const request = requestRef({ requestId, method, index, content: item }, this.#options.hasher);
          return { fileId: await this.#submit(command, request, caller), failure: undefined };
        } catch (error) {
          return { fileId: '', failure: failureOf(toCollectiveError(error)) };
        }
      }),
    );
  }

  async #submit(command: EntryCommand, request: ReturnType<typeof requestRef>, caller: ClientCaller): Promise<string> {
    const events = await this.#options.commands.submit({
      actor: caller.actor,
      request,
      decide: command.decide,
      answer: (recorded) => recorded,
    });
    const last = events.at(-1);
    if (last?.event?.type === 'DirectoryCreated' || last?.event?.type === 'SymlinkCreated')
      return fileIdAt(last.envelope.position);
    // It was there already, or only its attributes changed.
    return (await this.#entryAt(command.names)).fileId;
  }

  #entryAt(names: Names) {
    return this.#options.views.run(({ namespace }) => {
      const { fileId, row } = accept(find(names, namespace));
      return entryInfo(names, fileId, row);
    });
  }
}
