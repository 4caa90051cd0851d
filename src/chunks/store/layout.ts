import { assert, LIMITS, type ChunkId } from '../../base/index.js';

/** Unit of every write that bypasses the page cache; files of the store are whole numbers of pages. */
export const PAGE_BYTES = 4096;
export const FORMAT_TEXT = 'collective-node-store 1\n';

export const padToPage = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;

/** Chunks up to this length go into packs, longer ones into a file of their own. */
export const isPacked = (lengthBytes: number): boolean => lengthBytes <= LIMITS.chunkBytesSmall;

/** Every path of a store, built from its root and numbers and ids that are checked before. */
export class StoreLayout {
  readonly root: string;
  readonly format: string;
  readonly chunks: string;
  readonly packs: string;
  readonly journal: string;
  readonly index: string;
  readonly temporary: string;

  constructor(root: string) {
    this.root = root;
    this.format = `${root}/FORMAT`;
    this.chunks = `${root}/chunks`;
    this.packs = `${root}/packs`;
    this.journal = `${root}/journal`;
    this.index = `${root}/index`;
    this.temporary = `${root}/temporary`;
  }

  /** The 256 folders that chunk files are spread over, by the first byte of the hash. */
  get chunkFolders(): readonly string[] {
    return Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  }

  folderOf(chunkId: ChunkId): string {
    return chunkId.slice(2, 4);
  }

  chunkFolder(folder: string): string {
    return `${this.chunks}/${folder}`;
  }

  chunkFile(chunkId: ChunkId): string {
    assert(chunkId.length === 66 && !chunkId.includes('/'), 'paths are built from checked ids only');
    return `${this.chunks}/${this.folderOf(chunkId)}/${chunkId}`;
  }

  temporaryFile(number: number): string {
    return `${this.temporary}/${number}`;
  }

  packFile(number: number): string {
    return `${this.packs}/${numberName(number)}.pack`;
  }

  journalSegment(number: number): string {
    return `${this.journal}/${numberName(number)}.journal`;
  }
}

const numberName = (number: number): string => number.toString().padStart(8, '0');

/** The numbers of files named `<8 digits>.<extension>`, ascending; other names are left out. */
export function numbersOf(names: readonly string[], extension: 'pack' | 'journal'): readonly number[] {
  const pattern = new RegExp(`^([0-9]{8})\\.${extension}$`);
  return names
    .map((name) => pattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((left, right) => left - right);
}
