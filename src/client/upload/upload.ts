import { LIMITS } from '../../base/index.js';
import type { OpenUploadResponse } from '../../transport/index.js';
import { ChunkArena } from '../flow/chunk-arena.js';
import { TaskGroup } from '../flow/task-group.js';
import { fileProblem } from '../local/file-problem.js';
import { setAttributesOf } from './attribute-batches.js';
import { ChunkStorer } from './chunk-storer.js';
import { Committer } from './committer.js';
import { readFileInto, readStreamInto } from './file-reading.js';
import { FileInUpload } from './file-in-upload.js';
import { GroupPump } from './group-pump.js';
import { NamespaceBatches } from './namespace-batches.js';
import { TransferTally } from './transfer-tally.js';
import type { UploaderOptions, UploadRequest } from './uploader.js';
import type { UploadItem, UploadReport } from './upload-item.js';

type FileItem = UploadItem & { readonly kind: 'file' };
type StreamItem = UploadItem & { readonly kind: 'stream' };

/** The run of one upload: workers read files, the pump stores what they read. */
export class Upload {
  readonly #options: UploaderOptions;
  readonly #request: UploadRequest;
  readonly #copies: number;
  readonly #spread: string;
  readonly #tasks: TaskGroup;
  readonly #tally: TransferTally;
  readonly #arena: ChunkArena;
  readonly #storer: ChunkStorer;
  readonly #pump: GroupPump;
  readonly #names: NamespaceBatches;

  constructor(options: UploaderOptions, request: UploadRequest, opened: OpenUploadResponse) {
    const { uploadId, copies, minimumCopies, spread = '' } = opened;
    this.#options = options;
    this.#request = request;
    this.#copies = copies;
    this.#spread = spread;
    const { calls } = options;
    this.#tasks = new TaskGroup(request.signal);
    this.#tally = new TransferTally(request.onProgress);
    this.#arena = new ChunkArena({
      slabs: LIMITS.clientChunkBuffers,
      allocate: options.allocate,
      onPressure: () => this.#pump.flush(),
    });
    this.#storer = new ChunkStorer({ ...options, uploadId, copies, minimumCopies });
    const committer = new Committer({ calls, uploadId, copies, tally: this.#tally });
    this.#pump = new GroupPump({
      hasher: options.hasher,
      storer: this.#storer,
      committer,
      tally: this.#tally,
      tasks: this.#tasks,
    });
    this.#names = new NamespaceBatches(calls, this.#tally);
  }

  async run(): Promise<UploadReport> {
    const items = this.#request.items()[Symbol.asyncIterator]();
    this.#tasks.spawn(async () => {
      // Every worker ends before the source of the items is closed, whichever of them fails.
      await Promise.all(Array.from({ length: LIMITS.filesReadAtOnce }, () => this.#work(items).catch(this.#tasks.fail)));
      await items.return?.();
      this.#pump.flush();
      await this.#names.flush(this.#tasks.signal);
    });
    await this.#tasks.join();
    await this.#dateDirectories();
    return this.#report();
  }

  async #work(items: AsyncIterator<UploadItem>): Promise<void> {
    const { signal } = this.#tasks;
    while (!signal.aborted) {
      await this.#pump.ready();
      const next = await items.next();
      if (next.done === true) return;
      const item = next.value;
      switch (item.kind) {
        case 'directory':
          await this.#names.directory(item.path, item.mode, item.modified, signal);
          break;
        case 'symlink':
          await this.#names.symlink(item.path, item.target, item.modified, signal);
          break;
        case 'file':
          await this.#file(item);
          break;
        case 'stream':
          await this.#stream(item);
          break;
        case 'problem':
          this.#tally.failed(item.path, item.error);
          break;
      }
    }
  }

  /** A file that cannot be read stays out; the others go on. */
  async #file(item: FileItem): Promise<void> {
    const { signal } = this.#tasks;
    const file = new FileInUpload(item.path, item.expectedVersion);
    const sink = { add: this.#pump.add.bind(this.#pump, file) };
    try {
      const reader = await item.open();
      try {
        file.content = await readFileInto(item.source, reader, this.#arena, sink, signal);
      } finally {
        await reader.close();
      }
    } catch (thrown) {
      file.failed = true;
      const problem = fileProblem(thrown, item.source);
      if (problem === undefined) throw thrown;
      this.#tally.failed(item.path, problem);
      return;
    }
    this.#pump.finish(file);
  }

  async #stream(item: StreamItem): Promise<void> {
    const file = new FileInUpload(item.path, item.expectedVersion);
    const sink = { add: this.#pump.add.bind(this.#pump, file) };
    const bytes = await readStreamInto('The input', item.bytes, this.#arena, sink, this.#tasks.signal);
    file.content = { bytes, attributes: { mode: item.mode, modified: item.modified } };
    this.#pump.finish(file);
  }

  /** Last of all: adding to a directory changes its time. */
  async #dateDirectories(): Promise<void> {
    const { directories, signal } = this.#request;
    const changes = directories.map(({ path, mode, modified }) => ({ path, mode, modified }));
    await setAttributesOf(this.#options.calls, changes, this.#tally.failed.bind(this.#tally), signal);
  }

  #report(): UploadReport {
    const { files, filesBelow, directories, symlinks, bytes, holeBytes, failures, failureCount } = this.#tally;
    return {
      files,
      filesBelow,
      spread: this.#spread,
      directories,
      symlinks,
      bytes,
      holeBytes,
      failures,
      failureCount,
      copies: this.#copies,
      fewestCopies: this.#storer.fewestCopies ?? this.#copies,
      sentBytes: this.#storer.sentBytes,
      knownBytes: this.#storer.knownBytes + this.#pump.repeatedBytes,
    };
  }
}
