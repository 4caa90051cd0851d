import { FileSystemError } from '../../../src/ports/index.js';

export type FileSystemOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'size'
  | 'close'
  | 'rename'
  | 'unlink'
  | 'makeDirectory'
  | 'removeDirectory'
  | 'readDirectory'
  | 'syncDirectory'
  | 'stat'
  | 'space';

export interface PlannedFailure {
  /** Which kind counts; all of them where left out. */
  readonly operation?: FileSystemOperation;
  /** Only operations on paths that contain this. */
  readonly pathContains?: string;
  /** The first that counts from now on is number 1. Default: 1. */
  readonly nth?: number;
  readonly errno: string;
  /** Default: false, fails once and then works again. */
  readonly lasting?: boolean;
}

/** Counts operations, and makes the planned ones fail. */
export class FileSystemFaults {
  readonly #planned: { readonly failure: PlannedFailure; left: number }[] = [];
  readonly #counts = new Map<FileSystemOperation, number>();
  #total = 0;
  #powerCutAt = Number.POSITIVE_INFINITY;
  #onPowerCut: () => void = () => undefined;

  /** Operations so far, of one kind or of all. */
  count(operation?: FileSystemOperation): number {
    return operation === undefined ? this.#total : (this.#counts.get(operation) ?? 0);
  }

  plan(failure: PlannedFailure): void {
    this.#planned.push({ failure, left: failure.nth ?? 1 });
  }

  clear(): void {
    this.#planned.length = 0;
  }

  /**
   * The power goes before the nth operation from now on (the first is 1) takes effect: it and all later ones fail, and somebody
   * is told.
   */
  cutPowerAt(nth: number, onPowerCut: () => void = () => undefined): void {
    this.#powerCutAt = this.#total + nth;
    this.#onPowerCut = onPowerCut;
  }

  get powerIsCut(): boolean {
    return this.#total >= this.#powerCutAt;
  }

  /** Counts one operation; throws if it is to fail. */
  begin(operation: FileSystemOperation, path: string): void {
    this.#total += 1;
    this.#counts.set(operation, this.count(operation) + 1);
    if (this.powerIsCut) {
      this.#onPowerCut();
      throw new FileSystemError('ESHUTDOWN', operation, path);
    }
    for (const planned of this.#planned) {
      const { failure } = planned;
      if (failure.operation !== undefined && failure.operation !== operation) continue;
      if (failure.pathContains !== undefined && !path.includes(failure.pathContains)) continue;
      planned.left -= 1;
      if (planned.left === 0 || (failure.lasting === true && planned.left < 0)) {
        throw new FileSystemError(failure.errno, operation, path);
      }
    }
  }
}
