import { ROOT_FILE_ID, type FileId } from '../../../src/base/index.js';

/** What stands at a path. */
export interface Standing {
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly fileId: FileId;
  /** 0 for what has none. */
  readonly version: number;
  /** Hex SHA-256 of a file's bytes. */
  readonly hash: string;
  readonly target: string;
}

export type TreeState = ReadonlyMap<string, Standing>;

interface Thing {
  kind: Standing['kind'];
  version: number;
  hash: string;
  target: string;
}

/** A member's tree in the plainest form there is: names in directories. Written from the meaning of the events alone. */
export class Tree {
  readonly #names = new Map<FileId, Map<string, FileId>>([[ROOT_FILE_ID, new Map()]]);
  readonly #things = new Map<FileId, Thing>([[ROOT_FILE_ID, { kind: 'directory', version: 0, hash: '', target: '' }]]);

  create(fileId: FileId, parentId: FileId, name: string, kind: Standing['kind'], target = ''): void {
    this.#things.set(fileId, { kind, version: 0, hash: '', target });
    if (kind === 'directory') this.#names.set(fileId, new Map());
    this.link(parentId, name, fileId);
  }

  link(parentId: FileId, name: string, fileId: FileId): void {
    this.#names.get(parentId)?.set(name, fileId);
  }

  unlink(parentId: FileId, name: string): void {
    this.#names.get(parentId)?.delete(name);
  }

  commit(fileId: FileId, version: number, hash: string): void {
    const thing = this.#things.get(fileId);
    if (thing === undefined) return;
    thing.version = version;
    thing.hash = hash;
  }

  thing(fileId: FileId): Readonly<Thing> | undefined {
    return this.#things.get(fileId);
  }

  /** Where it stands now; undefined if nowhere. */
  pathOf(fileId: FileId): string | undefined {
    for (const [path, standing] of this.state()) if (standing.fileId === fileId) return path;
    return undefined;
  }

  childPath(parentId: FileId, name: string): string {
    const parent = this.pathOf(parentId) ?? '?';
    return parent === '/' ? `/${name}` : `${parent}/${name}`;
  }

  state(): TreeState {
    const state = new Map<string, Standing>();
    const visit = (fileId: FileId, path: string): void => {
      const thing = this.#things.get(fileId);
      if (thing === undefined) return;
      state.set(path, { ...thing, fileId });
      for (const [name, child] of this.#names.get(fileId) ?? []) visit(child, path === '/' ? `/${name}` : `${path}/${name}`);
    };
    visit(ROOT_FILE_ID, '/');
    return state;
  }
}
