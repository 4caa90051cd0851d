import { createHash } from 'node:crypto';
import {
  accept,
  crc32,
  equalBytes,
  fileIdAt,
  fromHex,
  toHex,
  type ChunkId,
  type ExtentListId,
  type NodeId,
} from '../../../src/base/index.js';
import { logDirectoryOf } from '../../../src/coordinator/open-member.js';
import { verifyBlockUnsigned } from '../../../src/events/chain/verify.js';
import { parseBlock, type Extent, type RecordedEvent, type StoredBlock } from '../../../src/events/index.js';
import { RECORD_PREFIX_BYTES } from '../../../src/events/log/file-names.js';
import { decodeHead, SEGMENT_HEADER_BYTES } from '../../../src/events/log/stored-records.js';
import type { SimFileSystem } from '../ports/index.js';
import type { Contents } from './contents.js';
import { DIRECTORY, hasher, type Fixture } from './fixture.js';
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

interface Snapshot {
  /** The last event of its block. */
  readonly sequence: number;
  readonly state: TreeState;
}

/** What the log holds on disk, read by the simulation itself and understood by a model of its own. */
export class History {
  readonly effects: Effect[] = [];
  /** Copies that the log says a node took responsibility for. */
  readonly promised = new Map<NodeId, Set<ChunkId>>();
  readonly #fixture: Fixture;
  readonly #contents: Contents;
  readonly #tree = new Tree();
  readonly #snapshots: Snapshot[] = [];
  readonly #events: { readonly type: string; readonly payloadHash: string }[] = [];
  readonly #lists = new Map<ExtentListId, readonly Extent[]>();
  readonly #requests = new Map<string, number>();
  readonly #chunksOf = new Map<string, readonly ChunkId[]>();
  readonly #directory: string;
  #head = { epoch: 1, sequence: 0, headerHash: '' };
  /** The newest block that was taken in, and where it lies. */
  #last: { readonly path: string; readonly offset: number; readonly bytes: Uint8Array } | undefined;

  constructor(fixture: Fixture, contents: Contents) {
    this.#fixture = fixture;
    this.#contents = contents;
    this.#directory = logDirectoryOf(DIRECTORY, fixture.memberId);
  }

  get head(): { readonly epoch: number; readonly sequence: number; readonly headerHash: string } {
    return this.#head;
  }

  /** The event at a position: type and hash of its payload. */
  event(sequence: number): { readonly type: string; readonly payloadHash: string } | undefined {
    return this.#events[sequence - 1];
  }

  /** The chunks of a committed content, each once. */
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

  /** The position that HEAD names on the disk for certain; what was acknowledged is not beyond it. */
  durableHead(disk: SimFileSystem): number {
    let newest = { generation: -1, sequence: 0 };
    for (const file of ['HEAD.0', 'HEAD.1']) {
      const bytes = disk.durableContentOf(`${this.#directory}/${file}`);
      const head = bytes === undefined ? undefined : headOf(bytes);
      if (head !== undefined && head.generation > newest.generation) newest = head;
    }
    return newest.sequence;
  }

  /** Takes in what the log has grown by, up to the durable HEAD. All that was seen before must still be there, the same. */
  read(disk: SimFileSystem): void {
    const durable = this.durableHead(disk);
    const before = this.#head.sequence;
    holds(durable >= before, `HEAD names event ${durable}, and named ${before} before: acknowledged events are gone`);
    if (this.#last !== undefined) {
      const { path, offset, bytes } = this.#last;
      const same = equalBytes(disk.durableContentOf(path)?.subarray(offset, offset + bytes.length) ?? new Uint8Array(), bytes);
      holds(same, `the block that ended at ${before} is not there any more, or another one`);
    }
    while (this.#head.sequence < durable) this.#takeNext(disk, durable);
    holds(this.#head.sequence === durable, `HEAD names event ${durable}, and the last block ends at ${this.#head.sequence}`);
  }

  #takeNext(disk: SimFileSystem, durable: number): void {
    const next = this.#head.sequence + 1;
    const segment = `${this.#directory}/${next.toString().padStart(16, '0')}.segment`;
    const here =
      this.#last === undefined ? undefined : { path: this.#last.path, offset: this.#last.offset + this.#last.bytes.length };
    const bytes = (here && recordAt(disk, here.path, here.offset)) ?? recordAt(disk, segment, SEGMENT_HEADER_BYTES);
    holds(bytes !== undefined, `HEAD names event ${durable}, and event ${next} is not durable`);
    const path = here !== undefined && recordAt(disk, here.path, here.offset) !== undefined ? here.path : segment;
    const offset = (path === here?.path ? here.offset : SEGMENT_HEADER_BYTES) + RECORD_PREFIX_BYTES;
    const parsed = accept(parseBlock(bytes, hasher));
    const expectation = {
      origin: this.#fixture.memberId,
      epoch: parsed.header.epoch,
      firstSequence: next,
      previousHeaderHash: this.#last === undefined ? undefined : fromHex(this.#head.headerHash),
      previousTimeMs: 0,
      publicKeyOf: () => undefined,
    };
    // Signatures are for the audit at the end; here the chain of hashes is enough.
    const block = verifyBlockUnsigned(parsed, expectation, hasher);
    holds(block.ok, block.ok ? '' : block.error.message);
    this.#last = { path, offset, bytes };
    this.#take(block.value);
  }

  #take(block: StoredBlock): void {
    const headerHash = toHex(block.headerHash);
    for (const event of block.events) this.#apply(event, block.header.firstSequence);
    this.#head = { epoch: block.header.epoch, sequence: block.lastSequence, headerHash };
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
    known.add(chunkId);
    this.promised.set(nodeId, known);
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
    return hash;
  }
}

function headOf(bytes: Uint8Array): { readonly generation: number; readonly sequence: number } | undefined {
  try {
    return decodeHead(bytes);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** The block of the whole record that is durable there; undefined where none is. A copy. */
function recordAt(disk: SimFileSystem, path: string, offset: number): Uint8Array | undefined {
  const file = disk.durableContentOf(path);
  if (file === undefined || offset + RECORD_PREFIX_BYTES > file.length) return undefined;
  const prefix = new DataView(file.buffer, file.byteOffset + offset, RECORD_PREFIX_BYTES);
  const bytes = file.slice(offset + RECORD_PREFIX_BYTES, offset + RECORD_PREFIX_BYTES + prefix.getUint32(0));
  return bytes.length > 0 && crc32(bytes) === prefix.getUint32(4) ? bytes : undefined;
}
