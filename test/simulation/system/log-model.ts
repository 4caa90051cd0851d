import { createHash } from 'node:crypto';
import { fileIdAt, toHex, type ChunkId, type ExtentListId, type NodeId, type UploadId } from '../../../src/base/index.js';
import type { Extent, RecordedEvent, StoredBlock } from '../../../src/events/index.js';
import type { Contents } from './contents.js';
import { Tree, type TreeState } from './tree.js';
import { holds } from './violation.js';

/** Something that a command did to the tree. */
export interface Effect {
  readonly sequence: number;
  readonly actor: string;
  readonly kind: 'commit' | 'create' | 'move' | 'remove' | 'attributes';
  readonly path: string;
  /** Of a move: where it came from. Of a commit: the hash of the bytes. */
  readonly detail: string;
}

export interface Snapshot {
  /** The last event of its block. */
  readonly sequence: number;
  readonly state: TreeState;
}

/** A copy that the log says a node took responsibility for. */
export interface PromisedCopy {
  readonly nodeId: NodeId;
  readonly chunkId: ChunkId;
}

/** Who has to keep the log, and how many of them before something is acknowledged. */
export interface WitnessRule {
  readonly sequence: number;
  readonly witnesses: readonly NodeId[];
  readonly required: number;
}

/** What the events of a log mean, worked out by the simulation itself. */
export class LogModel {
  readonly effects: Effect[] = [];
  readonly promised = new Map<NodeId, Set<ChunkId>>();
  /** Those that were not looked at yet. */
  readonly newPromises: PromisedCopy[] = [];
  readonly witnessRules: WitnessRule[] = [];
  readonly #contents: Contents;
  readonly #tree = new Tree();
  readonly #snapshots: Snapshot[] = [];
  readonly #events: { readonly type: string; readonly payloadHash: string }[] = [];
  readonly #copies = new Map<UploadId, number>();
  readonly #lists = new Map<ExtentListId, readonly Extent[]>();
  readonly #requests = new Map<string, number>();
  readonly #chunksOf = new Map<string, readonly ChunkId[]>();
  readonly #everyChunkOf = new Map<string, ReadonlySet<ChunkId>>();

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** The event at a position: type and hash of its payload. */
  event(sequence: number): { readonly type: string; readonly payloadHash: string } | undefined {
    return this.#events[sequence - 1];
  }

  /** Every chunk that a committed content was ever cut into: its chunks' size depends on whether its length was known before. */
  everyChunkOf(hash: string): ReadonlySet<ChunkId> {
    return this.#everyChunkOf.get(hash) ?? new Set();
  }

  /** The chunks of a committed content as it was committed last, each once. */
  chunksOf(hash: string): readonly ChunkId[] {
    return this.#chunksOf.get(hash) ?? [];
  }

  get current(): TreeState {
    return this.#snapshots.at(-1)?.state ?? this.#tree.state();
  }

  /** The states that were in force at some moment between two positions, oldest first. */
  statesBetween(lowest: number, highest: number): readonly Snapshot[] {
    const found = this.#snapshots.filter(({ sequence }) => sequence > lowest && sequence <= highest);
    const before = this.#snapshots.findLast(({ sequence }) => sequence <= lowest);
    return before === undefined ? found : [before, ...found];
  }

  take(block: StoredBlock): void {
    for (const event of block.events) this.#apply(event, block.header.firstSequence);
    this.#snapshots.push({ sequence: block.lastSequence, state: this.#tree.state() });
  }

  #apply({ envelope, event }: RecordedEvent, block: number): void {
    const { position, actor, request, type } = envelope;
    this.#events[position.sequence - 1] = { type, payloadHash: toHex(envelope.payloadHash) };
    if (request !== undefined) {
      const key = `${actor} ${request.id} ${toHex(request.commandHash)}`;
      const known = this.#requests.get(key) ?? block;
      holds(known === block, `one command of ${actor} was done in two blocks (${known} and ${block}): done twice`);
      this.#requests.set(key, block);
    }
    holds(event !== undefined, `the log holds an event of the unknown type ${type}`);
    const fileId = fileIdAt(position);
    const add = (kind: Effect['kind'], path: string, detail = ''): void => {
      this.effects.push({ sequence: position.sequence, actor, kind, path, detail });
    };
    switch (event.type) {
      case 'DirectoryCreated':
        this.#tree.create(fileId, event.parentId, event.name, 'directory');
        add('create', this.#tree.childPath(event.parentId, event.name));
        break;
      case 'FileCreated':
        this.#tree.create(fileId, event.parentId, event.name, 'file');
        break;
      case 'SymlinkCreated':
        this.#tree.create(fileId, event.parentId, event.name, 'symlink', event.target);
        add('create', this.#tree.childPath(event.parentId, event.name));
        break;
      case 'WitnessesChanged':
        this.witnessRules.push({ sequence: position.sequence, witnesses: event.witnesses, required: event.required });
        break;
      case 'UploadOpened':
        this.#copies.set(event.uploadId, event.copies);
        break;
      case 'ExtentsRecorded':
        this.#lists.set(event.extentListId, event.extents);
        break;
      case 'FileCommitted': {
        const extents = event.extentListIds.length > 0 ? this.#extentsOf(event.extentListIds) : event.extents;
        const hash = this.#hashOf(extents, event.sizeBytes);
        const before = this.#tree.thing(event.fileId);
        holds(
          before !== undefined && event.version === before.version + 1,
          `version ${event.version} of ${event.fileId} is not the next one`,
        );
        this.#checkCopies(hash, this.#copies.get(event.uploadId) ?? 0);
        this.#tree.commit(event.fileId, event.version, hash);
        add('commit', this.#tree.pathOf(event.fileId) ?? '?', hash);
        break;
      }
      case 'EntryMoved': {
        const from = this.#tree.childPath(event.fromParentId, event.fromName);
        this.#tree.unlink(event.fromParentId, event.fromName);
        this.#tree.link(event.toParentId, event.toName, event.fileId);
        add('move', this.#tree.childPath(event.toParentId, event.toName), from);
        break;
      }
      case 'EntryRemoved':
        add('remove', this.#tree.childPath(event.parentId, event.name));
        this.#tree.unlink(event.parentId, event.name);
        break;
      case 'AttributesChanged':
        add('attributes', this.#tree.pathOf(event.fileId) ?? '?');
        break;
      case 'CopiesRecorded':
        for (const { chunkId, holders } of event.chunks) {
          for (const holder of holders) this.#promise(event.nodeIds[holder], chunkId);
        }
        break;
      default:
    }
  }

  #promise(nodeId: NodeId | undefined, chunkId: ChunkId): void {
    holds(nodeId !== undefined, 'a copy has a holder');
    const known = this.promised.get(nodeId) ?? new Set<ChunkId>();
    if (!known.has(chunkId)) this.newPromises.push({ nodeId, chunkId });
    known.add(chunkId);
    this.promised.set(nodeId, known);
  }

  #checkCopies(hash: string, copies: number): void {
    for (const chunkId of this.chunksOf(hash)) {
      const holders = [...this.promised.values()].filter((chunks) => chunks.has(chunkId)).length;
      holds(holders >= copies, `a version became visible with ${holders} receipts for ${chunkId}, and ${copies} were asked for`);
    }
  }

  #extentsOf(lists: readonly ExtentListId[]): readonly Extent[] {
    return lists.flatMap((id) => {
      const extents = this.#lists.get(id);
      holds(extents !== undefined, 'a version names a list of extents that was never recorded');
      return extents;
    });
  }

  /** The hash of the bytes that the extents stand for. They must be bytes that somebody stored. */
  #hashOf(extents: readonly Extent[], sizeBytes: number): string {
    const digest = createHash('sha256');
    const chunks = new Set<ChunkId>();
    let end = 0;
    for (const { offsetBytes, lengthBytes, chunkId } of extents) {
      holds(offsetBytes === end, 'extents are adjacent');
      end += lengthBytes;
      if (chunkId === undefined) {
        digest.update(new Uint8Array(lengthBytes));
        continue;
      }
      chunks.add(chunkId);
      const bytes = this.#contents.chunk(chunkId);
      holds(bytes?.length === lengthBytes, `a version names a chunk that nobody sent: ${chunkId}`);
      digest.update(bytes);
    }
    holds(end === sizeBytes, `a version of ${sizeBytes} bytes has extents for ${end}`);
    const hash = digest.digest('hex');
    holds(this.#contents.withHash(hash) !== undefined, 'a version has bytes that nobody stored');
    this.#chunksOf.set(hash, [...chunks]);
    this.#everyChunkOf.set(hash, new Set([...this.everyChunkOf(hash), ...chunks]));
    return hash;
  }
}
