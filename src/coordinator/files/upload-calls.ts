import { accept, assert, isNodeId, LIMITS, type NodeId, toBase32, toCollectiveError, type UploadId } from '../../base/index.js';
import {
  decideCloseUpload,
  decideCommitFile,
  decideOpenUpload,
  decideRecordCopies,
  decideRecordExtents,
  type CopiesPolicy,
  minimumCopies,
  openUpload,
  type ReceiptedChunks,
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
import type { PlacementOffice } from './placement-office.js';
import type { ReceiptCheck } from './receipt-check.js';
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
  readonly receipts: ReceiptCheck;
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
    const { policy } = this.#options;
    const copies = request.copies === 0 ? policy.wanted : request.copies;
    const enough = minimumCopies(policy, copies);
    if (request.expectedBytes > 0) {
      await placement.checkRoom({ bytes: request.expectedBytes, copies: enough, signal: call.signal });
    }
    const uploadId = toBase32(random.bytes(UPLOAD_ID_BYTES)) as UploadId;
    return commands.submit({
      actor: caller.actor,
      request: requestRef({ requestId: request.requestId, method: 'openUpload', content: { copies } }, hasher),
      decide: (views, context) => decideOpenUpload({ uploadId, clientId: caller.clientId, copies }, views.uploads, context),
      answer: (events) => {
        const opened = events[0]?.event;
        assert(opened?.type === 'UploadOpened', 'an opened upload has its event');
        return { uploadId: opened.uploadId, expiresMs: opened.expiresAtMs, copies: opened.copies, minimumCopies: enough };
      },
    });
  }

  async placeChunks(request: PlaceChunksRequest, call: FilesCall): Promise<PlaceChunksResponse> {
    const caller = clientCaller(call.caller);
    const uploadId = uploadIdOf(request.uploadId);
    const chunks = atMost('chunks', request.chunks, LIMITS.chunksPerCall).map(chunkRefOf);
    const { views, clock, placement } = this.#options;
    const upload = accept(await views.run((all) => openUpload(uploadId, caller.clientId, all.uploads, clock.nowMs())));
    const placed = await placement.place({
      chunks,
      copies: upload.copies,
      minimumCopies: minimumCopies(this.#options.policy, upload.copies),
      signal: call.signal,
      avoid: new Set(request.avoidNodeIds.filter(isNodeId)),
    });
    const budgets = new Map<NodeId, number>();
    placed.plans.forEach(({ nodeIds }, index) => {
      for (const nodeId of nodeIds) budgets.set(nodeId, (budgets.get(nodeId) ?? 0) + (chunks[index]?.lengthBytes ?? 0));
    });
    const nodeIds = [...budgets.keys()];
    return {
      placements: placed.plans.map((plan) => {
        const nodes = plan.nodeIds.map((nodeId) => nodeIds.indexOf(nodeId));
        return { nodes, heldBy: nodes.slice(0, plan.held) };
      }),
      nodes: nodeIds.map((nodeId) => ({
        nodeId,
        name: placed.nodes.get(nodeId)?.name ?? nodeId,
        endpoints: placed.nodes.get(nodeId)?.endpoints ?? [],
        ...this.#options.tickets.put({ nodeId, clientKeyHash: caller.keyHash, uploadId, byteBudget: budgets.get(nodeId) ?? 0 }),
      })),
    };
  }

  async recordExtents(request: RecordExtentsRequest, call: FilesCall): Promise<RecordExtentsResponse> {
    const caller = clientCaller(call.caller);
    const uploadId = uploadIdOf(request.uploadId);
    const extents = atMost('extents', request.extents, LIMITS.extentsPerList).map(extentOf);
    const { hasher, commands, policy } = this.#options;
    const receipted = await this.#options.receipts.open(request.receipts, uploadId, caller);
    const extentListId = extentListIdOf(extents, hasher);
    await commands.submit({
      actor: caller.actor,
      request: requestRef({ requestId: request.requestId, method: 'recordExtents', content: { uploadId, extentListId } }, hasher),
      decide: (views, context) =>
        decideRecordExtents({ uploadId, clientId: caller.clientId, extentListId, extents, receipted, policy }, views, context),
      answer: () => undefined,
    });
    return { extentListId };
  }

  async commitFiles(request: CommitFilesRequest, call: FilesCall): Promise<CommitFilesResponse> {
    const caller = clientCaller(call.caller);
    const uploadId = uploadIdOf(request.uploadId);
    const files = atMost('files', request.files, LIMITS.filesPerCommit);
    const receipted = await this.#options.receipts.open(request.receipts, uploadId, caller);
    if (receipted.size > 0) {
      await this.#options.commands.submit({
        actor: caller.actor,
        request: undefined,
        decide: (views, context) => decideRecordCopies({ uploadId, clientId: caller.clientId, receipted }, views, context),
        answer: () => undefined,
      });
    }
    const outcomes = await Promise.all(
      files.map((file, index) => this.#commitOne(file, { index, uploadId, receipted, caller, requestId: request.requestId })),
    );
    return { outcomes };
  }

  async #commitOne(
    file: FileCommit,
    batch: {
      readonly index: number;
      readonly uploadId: UploadId;
      readonly receipted: ReceiptedChunks;
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
      return await commands.submit({
        actor: caller.actor,
        request: requestRef({ requestId: batch.requestId, method: 'commitFiles', index, content: { uploadId, file } }, hasher),
        decide: (views, context) => decideCommitFile(command, views, context),
        answer: committedOutcome,
      });
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

function committedOutcome(events: readonly RecordedEvent[]): FileCommitOutcome {
  const committed = events.at(-1)?.event;
  assert(committed?.type === 'FileCommitted', 'a committed file has its event');
  return { fileId: committed.fileId, version: committed.version, failure: undefined };
}
