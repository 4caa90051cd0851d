import { CollectiveError } from '../../../../src/base/index.js';
import {
  EntryKind,
  failureOf,
  type FilesServiceDefinition,
  type CommitFilesRequest,
  type DamagedCopy,
  type EntryInfo,
  type Extent,
  type FileCommit,
  type FileTime,
  type NodeAccess,
  type PlacedExtent,
  type ReadFilesResponse,
  type Receipt,
  type ServiceImplementation,
} from '../../../../src/transport/index.js';
import { receiptText, type SimulatedNode } from './simulated-nodes.js';

interface Version {
  readonly extents: readonly Extent[];
  readonly bytes: number;
}

interface Row {
  readonly fileId?: string;
  readonly kind: EntryKind;
  readonly versions: Version[];
  mode: number;
  modified: FileTime | undefined;
  target: string;
}

type Files = ServiceImplementation<typeof FilesServiceDefinition>;
type Method = keyof typeof FilesServiceDefinition.methods;

const NO_TIME: FileTime = { seconds: 0, nanoseconds: 0 };
const ROW = { versions: [], mode: 0o755, modified: NO_TIME, target: '' };

const refused = (): never => {
  throw new CollectiveError('UNSUPPORTED', 'This coordinator keeps no history.');
};

/** Transfers ask for none of these. */
const NO_HISTORY = {
  listVersions: refused,
  listDeleted: refused,
  restoreEntry: refused,
  purgeEntry: refused,
  copyEntries: refused,
  findEntries: refused,
  locateFiles: refused,
} as const;

/** What the coordinator promises of its Files service, over a tree in memory. It checks what a client must not get wrong. */
export class SimulatedFiles {
  readonly tree = new Map<string, Row>([['/', { ...ROW, versions: [], kind: EntryKind.DIRECTORY }]]);
  readonly nodes: readonly SimulatedNode[];
  readonly uploads = new Map<
    string,
    { readonly copies: number; readonly minimumCopies: number; readonly lists: Map<string, readonly Extent[]>; state: string }
  >();
  readonly damage: DamagedCopy[] = [];
  readonly calls: Method[] = [];
  readonly #holders = new Map<string, ReadonlySet<string>>();
  /** Every file there ever was, as it stands now. */
  readonly #files = new Map<string, Row>();
  readonly #answers = new Map<string, unknown>();
  /** Asked before each call; throws what the coordinator answers instead. `done` is whether the call has been carried out. */
  intercept: (method: Method, done: boolean) => void = () => undefined;
  /** Extents in one page of an answer. */
  pageExtents = 4;
  expectedBytes = 0;
  /** Enough where nobody asks for a number of copies. */
  minimumCopies = 2;
  roomBytes = Number.POSITIVE_INFINITY;
  /** Members that keep a copy of everything and do not answer. */
  awayNames: string[] = [];
  refusingNames: string[] = [];
  outOfReach = false;
  /** Names that it tells instead of the real ones, by path. */
  readonly falseNames = new Map<string, string>();

  constructor(nodes: readonly SimulatedNode[]) {
    this.nodes = nodes;
  }

  /** How many chunks it knows a holder of. */
  get chunksOnRecord(): number {
    return this.#holders.size;
  }

  contentOf(path: string): readonly Extent[] | undefined {
    return this.tree.get(path)?.versions.at(-1)?.extents;
  }

  readonly service: Files = {
    ...NO_HISTORY,
    openUpload: (request) =>
      this.#command('openUpload', request, async () => {
        const copies = request.copies === 0 ? 2 : request.copies;
        this.expectedBytes = request.expectedBytes;
        if (request.expectedBytes > this.roomBytes) throw new CollectiveError('NOT_ENOUGH_SPACE', 'There is no room.');
        const minimumCopies = request.copies === 0 ? this.minimumCopies : copies;
        if (this.nodes.length < minimumCopies) throw new CollectiveError('NOT_ENOUGH_NODES', 'Too few nodes.');
        const uploadId = `upload-${this.uploads.size + 1}`;
        this.uploads.set(uploadId, { copies, minimumCopies, lists: new Map(), state: 'open' });
        return { uploadId, expiresMs: 0, copies, minimumCopies };
      }),
    placeChunks: (request) =>
      this.#command('placeChunks', { ...request, requestId: '' }, async () => {
        const { copies, minimumCopies } = this.#upload(request.uploadId);
        if (request.chunks.length > 512 || new Set(request.chunks.map(({ chunkId }) => chunkId)).size < request.chunks.length) {
          throw new CollectiveError('REQUEST_INVALID', 'Too many chunks, or one twice.');
        }
        const usable = this.nodes.filter(({ online }) => online);
        if (usable.length < minimumCopies) throw new CollectiveError('NOT_ENOUGH_NODES', 'Too few nodes.');
        const wanted = usable.filter(({ id }) => !request.avoidNodeIds.includes(id));
        const inTurn = [...wanted, ...usable.filter((node) => !wanted.includes(node))];
        const nodes = inTurn.map(accessTo);
        const placements = request.chunks.map(({ chunkId }) => {
          const holders = inTurn.flatMap((node, index) => (this.#recorded(chunkId, node) ? [index] : []));
          const others = inTurn.map((_, index) => index).filter((index) => !holders.includes(index));
          const avoided = (index: number): boolean => index >= wanted.length;
          const all = [...holders.filter((index) => !avoided(index)), ...others.filter((index) => !avoided(index))].slice(
            0,
            copies,
          );
          const rest = [...holders, ...others].filter((index) => !all.includes(index));
          const chosen = [...all, ...rest.slice(0, Math.max(0, minimumCopies - all.length))];
          return { nodes: chosen, heldBy: chosen.filter((index) => holders.includes(index)) };
        });
        return { placements, nodes };
      }),
    recordExtents: (request) =>
      this.#command('recordExtents', request, async () => {
        const upload = this.#upload(request.uploadId);
        if (request.extents.length > 512) throw new CollectiveError('LIMIT_EXCEEDED', 'Too many extents.');
        this.#checkReceipted(request.extents, request.receipts, upload.minimumCopies);
        const extentListId = `list-${upload.lists.size + 1}`;
        upload.lists.set(extentListId, request.extents);
        return { extentListId };
      }),
    commitFiles: (request) =>
      this.#command('commitFiles', request, async () => {
        if (request.files.length > 256) throw new CollectiveError('LIMIT_EXCEEDED', 'Too many files.');
        this.#checkReceipted([], request.receipts, this.#upload(request.uploadId).copies);
        return { outcomes: request.files.map((file) => this.#commit(file, request)) };
      }),
    closeUpload: (request) =>
      this.#command('closeUpload', request, async () => {
        this.#upload(request.uploadId).state = request.abandoned ? 'abandoned' : 'closed';
        return {};
      }),
    readFiles: (request) => this.#readFiles(request.targets),
    stat: async ({ path }) => ({ entry: this.#info(path) }),
    listDirectory: async ({ path, afterName }) => {
      const prefix = path === '/' ? '/' : `${path}/`;
      const names = [...this.tree.keys()]
        .filter((each) => each !== '/' && each.startsWith(prefix) && !each.slice(prefix.length).includes('/'))
        .sort(byBytes);
      const after = names.filter((each) => byBytes(each.slice(prefix.length), afterName) > 0);
      return { entries: after.slice(0, 2).map((each) => this.#info(each)), more: after.length > 2, usages: [] };
    },
    makeDirectories: (request) =>
      this.#command('makeDirectories', request, async () => ({
        outcomes: request.directories.map(({ path, mode, modified }) => {
          if (!this.tree.has(path)) this.tree.set(path, { ...ROW, versions: [], kind: EntryKind.DIRECTORY, mode, modified });
          return { fileId: `1-${this.tree.size}`, failure: undefined };
        }),
      })),
    makeSymlinks: (request) =>
      this.#command('makeSymlinks', request, async () => ({
        outcomes: request.symlinks.map(({ path, target, modified }) => {
          this.tree.set(path, { ...ROW, versions: [], kind: EntryKind.SYMLINK, target, modified });
          return { fileId: `1-${this.tree.size}`, failure: undefined };
        }),
      })),
    setAttributes: (request) =>
      this.#command('setAttributes', request, async () => ({
        outcomes: request.changes.map(({ path, mode, modified }) => {
          const row = this.tree.get(path);
          if (row === undefined) return { fileId: '', failure: failureOf(new CollectiveError('NOT_FOUND', path)) };
          row.mode = mode ?? row.mode;
          row.modified = modified ?? row.modified;
          return { fileId: '1-1', failure: undefined };
        }),
      })),
    moveEntry: (request) =>
      this.#command('moveEntry', request, async () => {
        const row = this.tree.get(request.fromPath);
        if (row === undefined) throw new CollectiveError('NOT_FOUND', request.fromPath);
        this.tree.delete(request.fromPath);
        this.tree.set(request.toPath, row);
        return { entry: this.#info(request.toPath) };
      }),
    removeEntry: (request) =>
      this.#command('removeEntry', request, async () => {
        if (!this.tree.delete(request.path)) throw new CollectiveError('NOT_FOUND', request.path);
        for (const path of this.tree.keys()) if (path.startsWith(`${request.path}/`)) this.tree.delete(path);
        return { fileId: '1-1' };
      }),
    reportDamage: async ({ copies }) => {
      this.damage.push(...copies);
      return {};
    },
  };

  /** A repeated command is answered as before, and not carried out again. */
  async #command<Answer>(method: Method, request: { readonly requestId: string }, run: () => Promise<Answer>): Promise<Answer> {
    this.calls.push(method);
    this.intercept(method, false);
    const key = `${method} ${request.requestId}`;
    const known = request.requestId === '' ? undefined : this.#answers.get(key);
    const answer = known === undefined ? await run() : (known as Answer);
    if (request.requestId !== '') this.#answers.set(key, answer);
    this.intercept(method, true);
    return answer;
  }

  #upload(uploadId: string) {
    const upload = this.uploads.get(uploadId);
    if (upload?.state !== 'open') throw new CollectiveError('UPLOAD_UNKNOWN', uploadId);
    return upload;
  }

  #commit(file: FileCommit, request: CommitFilesRequest) {
    try {
      const upload = this.#upload(request.uploadId);
      this.#checkReceipted(file.extents, request.receipts, upload.minimumCopies);
      if (file.extentListIds.length > 0 && file.extents.length > 0)
        throw new CollectiveError('REQUEST_INVALID', 'Lists and extents.');
      const extents = [...file.extentListIds.flatMap((id) => upload.lists.get(id) ?? []), ...file.extents];
      let next = 0;
      for (const { offsetBytes, lengthBytes } of extents) {
        if (offsetBytes !== next) throw new CollectiveError('REQUEST_INVALID', `a gap at ${next}`);
        next += lengthBytes;
      }
      if (next !== file.sizeBytes) throw new CollectiveError('REQUEST_INVALID', `${next} of ${file.sizeBytes} bytes`);
      const there = this.tree.get(file.path);
      if (there?.kind === EntryKind.DIRECTORY) throw new CollectiveError('IS_A_DIRECTORY', file.path);
      if (file.expectedVersion !== undefined && file.expectedVersion !== (there?.versions.length ?? 0))
        throw new CollectiveError('VERSION_CONFLICT', file.path);
      const versions = [...(there?.versions ?? []), { extents, bytes: file.sizeBytes }];
      const fileId = there?.fileId ?? `1-${this.#files.size + 2}`;
      const row = { fileId, kind: EntryKind.FILE, versions, mode: file.mode, modified: file.modified, target: '' };
      this.tree.set(file.path, row);
      this.#files.set(fileId, row);
      return { fileId, version: versions.length, failure: undefined };
    } catch (error) {
      if (!(error instanceof CollectiveError)) throw error;
      return { fileId: '', version: 0, failure: failureOf(error) };
    }
  }

  #checkReceipted(extents: readonly Extent[], receipts: readonly Receipt[], copies: number): void {
    if (receipts.length > 256) throw new CollectiveError('LIMIT_EXCEEDED', 'Too many receipts.');
    const holders = new Map<string, Set<string>>();
    for (const { nodeId, signedReceipt, chunks } of receipts) {
      const text = receiptText(nodeId, chunks);
      if (new TextDecoder().decode(signedReceipt) !== text) throw new CollectiveError('RECEIPT_INVALID', nodeId);
      for (const { chunkId } of chunks) holders.set(chunkId, (holders.get(chunkId) ?? new Set()).add(nodeId));
    }
    for (const { chunkId } of extents) {
      if (chunkId !== '' && (holders.get(chunkId)?.size ?? 0) < copies) throw new CollectiveError('RECEIPT_INVALID', chunkId);
    }
    for (const [chunkId, ids] of holders) this.#holders.set(chunkId, new Set([...(this.#holders.get(chunkId) ?? []), ...ids]));
  }

  /** On record as a holder: it gave a receipt that was accepted, and was not reported since. */
  #recorded(chunkId: string, node: SimulatedNode | undefined): boolean {
    if (node === undefined || this.damage.some((copy) => copy.chunkId === chunkId && copy.nodeId === node.id)) return false;
    return this.#holders.get(chunkId)?.has(node.id) ?? false;
  }

  async *#readFiles(
    targets: readonly {
      readonly path: string;
      readonly version: number;
      readonly offsetBytes: number;
      readonly lengthBytes: number;
      readonly fileId?: string | undefined;
    }[],
  ) {
    this.calls.push('readFiles');
    this.intercept('readFiles', false);
    let files: ReadFilesResponse['files'][number][] = [];
    let extents: PlacedExtent[] = [];
    const page = (): ReadFilesResponse => {
      const made = { files, extents, nodes: this.nodes.map(accessTo) };
      files = [];
      extents = [];
      return made;
    };
    for (const [target, { path, version, offsetBytes, lengthBytes, fileId }] of targets.entries()) {
      const row = fileId === undefined ? this.tree.get(path) : this.#files.get(fileId);
      const found = row?.versions.at(version === 0 ? -1 : version - 1);
      if (row === undefined || (found === undefined && row.kind === EntryKind.FILE)) {
        files.push({ target, info: undefined, failure: failureOf(new CollectiveError('NOT_FOUND', `There is no ${path}.`)) });
        continue;
      }
      files.push({
        target,
        info: {
          ...this.#infoOf(path, row),
          version: version === 0 ? row.versions.length : version,
          sizeBytes: found?.bytes ?? 0,
        },
        failure: undefined,
      });
      const end = lengthBytes === 0 ? Number.POSITIVE_INFINITY : offsetBytes + lengthBytes;
      for (const extent of found?.extents ?? []) {
        if (extent.offsetBytes < offsetBytes || extent.offsetBytes >= end) continue;
        const holders = this.nodes.flatMap((node, index) => (this.#recorded(extent.chunkId, node) ? [index] : []));
        // Those that are away may answer all the same, and come last.
        const nodes = holders.toSorted((a, b) => Number(this.nodes[b]?.online) - Number(this.nodes[a]?.online));
        const holderNames = nodes.length === 0 ? this.nodes.map(({ name }) => name) : [];
        const { awayNames, refusingNames, outOfReach } = this;
        extents.push({ target, ...extent, nodes, holderNames, awayNames, refusingNames, outOfReach });
        if (extents.length < this.pageExtents) continue;
        yield page();
        this.intercept('readFiles', true);
      }
    }
    yield page();
  }

  #info(path: string): EntryInfo {
    const row = this.tree.get(path);
    if (row === undefined) throw new CollectiveError('NOT_FOUND', `There is no ${path}.`);
    return this.#infoOf(path, row);
  }

  #infoOf(path: string, row: Row): EntryInfo {
    return {
      path,
      name: this.falseNames.get(path) ?? path.slice(path.lastIndexOf('/') + 1),
      fileId: row.fileId ?? '1-1',
      kind: row.kind,
      sizeBytes: row.versions.at(-1)?.bytes ?? 0,
      mode: row.mode,
      modified: row.modified,
      version: row.versions.length,
      symlinkTarget: row.target,
      committedMs: 0,
      contentType: '',
      childCount: 0,
    };
  }
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const accessTo = ({ id, name }: SimulatedNode): NodeAccess => ({
  nodeId: id,
  name,
  endpoints: [`${name}:1`],
  ticket: new TextEncoder().encode(`ticket for ${id}`),
  ticketExpiresMs: 0,
  memberId: '',
  trust: undefined,
});
