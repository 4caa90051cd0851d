import {
  accept,
  assert,
  type CollectiveError,
  isCollectiveError,
  isNodeId,
  LIMITS,
  toBase32,
  toCollectiveError,
  type UploadId,
} from '../../base/index.js';
import {
  decideCloseUpload,
  decideCommitFile,
  decideOpenUpload,
  decideRecordCopies,
  decideRecordExtents,
  type CopiesPolicy,
  enoughFor,
  minimumCopies,
  openUpload,
  type Policy,
  policyForTree,
  type ReceiptedChunks,
  type Unusable,
} from '../../domain/index.js';
import { extentListIdOf, type RecordedEvent } from '../../events/index.js';
import { failureOf } from '../../transport/index.js';
import type {
  CloseUploadRequest,
  CloseUploadResponse,
  CommitFilesRequest,
  CommitFilesResponse,
  FileCommit,
  FileCommitOutcome,
  OpenUploadRequest,
  OpenUploadResponse,
  PlaceChunksRequest,
  PlaceChunksResponse,
  RecordExtentsRequest,
  RecordExtentsResponse,
} from '../../transport/index.js';
import type { Clock, Hasher, Random } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import { type ClientCaller, clientCaller, type FilesCall } from '../caller.js';
import type { Submits } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import type { SharedCopies } from '../foreign/shared-copies.js';
import type { SharedPlaces } from '../foreign/shared-placement.js';
import { placedChunks } from './placed-chunks.js';
import type { OtherRoom, Placement, PlacementOffice } from './placement-office.js';
import {
  atMost,
  chunkRefOf,
  contentTypeOf,
  extentListIdIn,
  extentOf,
  fileTimeOf,
  modeOf,
  ownPath,
  uploadIdOf,
} from './requests.js';
import type { TicketOffice } from './tickets.js';

const UPLOAD_ID_BYTES = 16;

export interface UploadCallsOptions {
  readonly commands: Submits;
  readonly views: ViewHost;
  readonly placement: PlacementOffice;
  readonly tickets: TicketOffice;
  /** Copies with other members. */
  readonly shared: SharedCopies;
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly policy: CopiesPolicy;
}

/** The calls that bring files in: open, place, record, commit, close. */
export class UploadCalls {
  readonly #options: UploadCallsOptions;

  constructor(options: UploadCallsOptions) {
    this.#options = options;
  }

  async openUpload(request: OpenUploadRequest, call: FilesCall): Promise<OpenUploadResponse> {
    const caller = clientCaller(call.caller);
    const { commands, random, hasher, placement } = this.#options;
    const policy = await this.#policyAt(request.path ?? '');
    const { spread } = policy;
    const copies = request.copies === 0 ? policy.copies : request.copies;
    const enough = minimumCopies({ wanted: policy.copies, minimum: policy.minimumCopies }, copies);
    if (request.expectedBytes > 0) {
      const others = spread === 'members' ? await this.#others() : undefined;
      await placement.checkRoom({ bytes: request.expectedBytes, copies: enough, others, signal: call.signal });
    }
    const uploadId = toBase32(random.bytes(UPLOAD_ID_BYTES)) as UploadId;
    return commands.submit({
      actor: caller.actor,
      request: requestRef({ requestId: request.requestId, method: 'openUpload', content: { copies, enough, spread } }, hasher),
      decide: (views, context) =>
        decideOpenUpload({ uploadId, clientId: caller.clientId, copies, minimumCopies: enough, spread }, views.uploads, context),
      answer: (events) => {
        const opened = events[0]?.event;
        assert(opened?.type === 'UploadOpened', 'an opened upload has its event');
        return { uploadId: opened.uploadId, expiresMs: opened.expiresAtMs, copies: opened.copies, minimumCopies: enough, spread };
      },
    });
  }

  async #others(): Promise<{ readonly members: readonly OtherRoom[]; readonly away: readonly Unusable[] }> {
    const { shared } = this.#options;
    const { members, away } = await shared.placement.candidates();
    return { away, members: members.map((each) => ({ ...each, reach: shared.reachOf(each.memberId) })) };
  }

  /** Of the nearest folder that says anything. */
  async #policyAt(path: string): Promise<Policy> {
    const { views, policy } = this.#options;
    const fallback: Policy = { copies: policy.wanted, minimumCopies: policy.minimum, spread: 'nodes' };
    if (path === '') return fallback;
    const names = ownPath(path);
    return views.run((all) => policyForTree(names, all, fallback));
  }

  async placeChunks(request: PlaceChunksRequest, call: FilesCall): Promise<PlaceChunksResponse> {
    const caller = clientCaller(call.caller);
    const uploadId = uploadIdOf(request.uploadId);
    const chunks = atMost('chunks', request.chunks, LIMITS.chunksPerCall).map(chunkRefOf);
    const { views, clock, placement } = this.#options;
    const upload = accept(await views.run((all) => openUpload(uploadId, caller.clientId, all.uploads, clock.nowMs())));
    const wish = {
      chunks,
      copies: upload.copies,
      minimumCopies: enoughFor(upload, this.#options.policy),
      signal: call.signal,
      avoid: new Set(request.avoidNodeIds.filter(isNodeId)),
    };
    const { tickets, shared } = this.#options;
    const { sentOnly } = tickets;
    const placed: Placement | SharedPlaces =
      upload.spread === 'members'
        ? await shared.placement.place({ ...wish, uploadId, clientKeyHash: caller.keyHash, sentOnly })
        : await placement.place(wish);
    return placedChunks(placed, chunks, (nodeId, byteBudget) =>
      tickets.put({ nodeId, clientKeyHash: caller.keyHash, uploadId, byteBudget }),
    );
  }

  async recordExtents(request: RecordExtentsRequest, call: FilesCall): Promise<RecordExtentsResponse> {
    const caller = clientCaller(call.caller);
    const uploadId = uploadIdOf(request.uploadId);
    const extents = atMost('extents', request.extents, LIMITS.extentsPerList).map(extentOf);
    const { hasher, commands, policy, shared, tickets } = this.#options;
    const bearer = { keyHash: caller.keyHash, sentOnly: tickets.sentOnly };
    const { receipted, failure } = await shared.receipts.open(request.receipts, uploadId, bearer, call.signal);
    const extentListId = extentListIdOf(extents, hasher);
    const recorded = commands.submit({
      actor: caller.actor,
      request: requestRef({ requestId: request.requestId, method: 'recordExtents', content: { uploadId, extentListId } }, hasher),
      decide: (views, context) =>
        decideRecordExtents({ uploadId, clientId: caller.clientId, extentListId, extents, receipted, policy }, views, context),
      answer: () => undefined,
    });
    await orBecause(failure, recorded);
    return { extentListId };
  }

  async commitFiles(request: CommitFilesRequest, call: FilesCall): Promise<CommitFilesResponse> {
    const caller = clientCaller(call.caller);
    const uploadId = uploadIdOf(request.uploadId);
    const files = atMost('files', request.files, LIMITS.filesPerCommit);
    const { shared, tickets } = this.#options;
    const bearer = { keyHash: caller.keyHash, sentOnly: tickets.sentOnly };
    const { receipted, failure } = await shared.receipts.open(request.receipts, uploadId, bearer, call.signal);
    if (receipted.size > 0) {
      await this.#options.commands.submit({
        actor: caller.actor,
        request: undefined,
        decide: (views, context) => decideRecordCopies({ uploadId, clientId: caller.clientId, receipted }, views, context),
        answer: () => undefined,
      });
    }
    const outcomes = await Promise.all(
      files.map((file, index) =>
        this.#commitOne(file, { index, uploadId, receipted, failure, caller, requestId: request.requestId }),
      ),
    );
    return { outcomes };
  }

  async #commitOne(
    file: FileCommit,
    batch: {
      readonly index: number;
      readonly uploadId: UploadId;
      readonly receipted: ReceiptedChunks;
      /** Of a member whose receipts therefore do not count. */
      readonly failure: CollectiveError | undefined;
      readonly caller: ClientCaller;
      readonly requestId: string;
    },
  ): Promise<FileCommitOutcome> {
    try {
      const { caller, uploadId, index, receipted } = batch;
      const { hasher, clock, commands } = this.#options;
      const command = {
        uploadId,
        clientId: caller.clientId,
        names: ownPath(file.path),
        sizeBytes: file.sizeBytes,
        mode: modeOf(file.mode),
        modified: fileTimeOf(file.modified, clock.nowMs()),
        extentListIds: file.extentListIds.map(extentListIdIn),
        extents: atMost('inline extents', file.extents, LIMITS.extentsInline).map(extentOf),
        receipted,
        policy: this.#options.policy,
        expectedVersion: file.expectedVersion,
        contentType: contentTypeOf(file.contentType),
        makeParents: file.makeParents,
      };
      const committed = commands.submit({
        actor: caller.actor,
        request: requestRef({ requestId: batch.requestId, method: 'commitFiles', index, content: { uploadId, file } }, hasher),
        decide: (views, context) => decideCommitFile(command, views, context),
        answer: committedOutcome,
      });
      return await orBecause(batch.failure, committed);
    } catch (error) {
      return { fileId: '', version: 0, failure: failureOf(toCollectiveError(error)) };
    }
  }

  async closeUpload(request: CloseUploadRequest, call: FilesCall): Promise<CloseUploadResponse> {
    const caller = clientCaller(call.caller);
    const uploadId = uploadIdOf(request.uploadId);
    const { abandoned } = request;
    await this.#options.commands.submit({
      actor: caller.actor,
      request: requestRef(
        { requestId: request.requestId, method: 'closeUpload', content: { uploadId, abandoned } },
        this.#options.hasher,
      ),
      decide: (views) => decideCloseUpload({ uploadId, clientId: caller.clientId, abandoned }, views.uploads),
      answer: () => undefined,
    });
    return {};
  }
}

/** Where copies were too few because a member did not take its receipts, that is what went wrong. */
async function orBecause<Value>(failure: CollectiveError | undefined, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (failure !== undefined && isCollectiveError(error) && error.code === 'RECEIPT_INVALID') throw failure;
    throw error;
  }
}

function committedOutcome(events: readonly RecordedEvent[]): FileCommitOutcome {
  const committed = events.at(-1)?.event;
  assert(committed?.type === 'FileCommitted', 'a committed file has its event');
  return { fileId: committed.fileId, version: committed.version, failure: undefined };
}
