import type { ErrorCode } from '../../../src/base/index.js';

/** The namespace as anybody would write it down who need not keep it: what the deciders and views are held against. */
export type ModelEntry =
  | { readonly kind: 'directory'; readonly children: Map<string, ModelEntry> }
  | { readonly kind: 'file'; readonly version: number; readonly bytes: number }
  | { readonly kind: 'symlink'; readonly target: string };

export type ModelDirectory = Extract<ModelEntry, { readonly kind: 'directory' }>;

export type ModelCommand =
  | { readonly do: 'make'; readonly names: readonly string[]; readonly parents: boolean; readonly existOk: boolean }
  | { readonly do: 'commit'; readonly names: readonly string[]; readonly bytes: number; readonly parents: boolean }
  | { readonly do: 'symlink'; readonly names: readonly string[]; readonly target: string; readonly replace: boolean }
  | { readonly do: 'move'; readonly names: readonly string[]; readonly to: readonly string[]; readonly replace: boolean }
  | { readonly do: 'remove'; readonly names: readonly string[]; readonly recursive: boolean };

class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(code);
    this.code = code;
  }
}

export class TreeModel {
  readonly root: ModelDirectory = { kind: 'directory', children: new Map() };

  /** Undefined when it was done; otherwise the code it is refused with, and nothing has changed. */
  do(command: ModelCommand): ErrorCode | undefined {
    try {
      this.#do(command);
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      throw error;
    }
  }

  #do(command: ModelCommand): void {
    switch (command.do) {
      case 'make':
        this.#make(command.names, command.parents, command.existOk);
        return;
      case 'commit': {
        const there = this.#at(command.names);
        if (there?.kind === 'directory') throw new Refusal('IS_A_DIRECTORY');
        const version = there?.kind === 'file' ? there.version + 1 : 1;
        this.#parent(command.names, command.parents).children.set(last(command.names), {
          kind: 'file',
          version,
          bytes: command.bytes,
        });
        return;
      }
      case 'symlink': {
        const there = this.#at(command.names);
        const parent = this.#parent(command.names, false);
        if (there?.kind === 'directory') throw new Refusal('IS_A_DIRECTORY');
        if (there !== undefined && !command.replace) throw new Refusal('ALREADY_EXISTS');
        parent.children.set(last(command.names), { kind: 'symlink', target: command.target });
        return;
      }
      case 'move':
        this.#move(command.names, command.to, command.replace);
        return;
      case 'remove': {
        const there = this.#there(command.names);
        if (there.kind === 'directory' && there.children.size > 0 && !command.recursive) throw new Refusal('DIRECTORY_NOT_EMPTY');
        this.#parent(command.names, false).children.delete(last(command.names));
      }
    }
  }

  #make(names: readonly string[], parents: boolean, existOk: boolean): void {
    const there = this.#at(names);
    if (there !== undefined) {
      if (existOk && there.kind === 'directory') return;
      throw new Refusal('ALREADY_EXISTS');
    }
    this.#parent(names, parents).children.set(last(names), { kind: 'directory', children: new Map() });
  }

  #move(from: readonly string[], to: readonly string[], replace: boolean): void {
    const moved = this.#there(from);
    if (from.join('/') === to.join('/')) return;
    if (moved.kind === 'directory' && to.length > from.length && from.every((name, index) => to[index] === name)) {
      throw new Refusal('MOVE_INTO_ITSELF');
    }
    const parent = this.#parent(to, false);
    const there = parent.children.get(last(to));
    if (there !== undefined && !replace) throw new Refusal('ALREADY_EXISTS');
    if (there !== undefined && there.kind !== 'directory' && moved.kind === 'directory') throw new Refusal('NOT_A_DIRECTORY');
    if (there?.kind === 'directory' && moved.kind !== 'directory') throw new Refusal('IS_A_DIRECTORY');
    if (there?.kind === 'directory' && there.children.size > 0) throw new Refusal('DIRECTORY_NOT_EMPTY');
    this.#parent(from, false).children.delete(last(from));
    parent.children.set(last(to), moved);
  }

  /** Undefined: nothing is there. Refuses where something on the way is no directory. */
  #at(names: readonly string[]): ModelEntry | undefined {
    let entry: ModelEntry | undefined = this.root;
    for (const name of names) {
      if (entry === undefined) return undefined;
      if (entry.kind !== 'directory') throw new Refusal('NOT_A_DIRECTORY');
      entry = entry.children.get(name);
    }
    return entry;
  }

  #there(names: readonly string[]): ModelEntry {
    const entry = this.#at(names);
    if (entry === undefined) throw new Refusal('NOT_FOUND');
    return entry;
  }

  #parent(names: readonly string[], make: boolean): ModelDirectory {
    let directory = this.root;
    for (const name of names.slice(0, -1)) {
      let next = directory.children.get(name);
      if (next === undefined) {
        if (!make) throw new Refusal('NOT_FOUND');
        next = { kind: 'directory', children: new Map() };
        directory.children.set(name, next);
      }
      if (next.kind !== 'directory') throw new Refusal('NOT_A_DIRECTORY');
      directory = next;
    }
    return directory;
  }
}

const last = (names: readonly string[]): string => names.at(-1) ?? '';

/** One line for each entry, in order. */
export function describeModel(directory: ModelDirectory, path = ''): readonly string[] {
  return [...directory.children]
    .sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .flatMap(([name, entry]) => {
      const here = `${path}/${name}`;
      if (entry.kind === 'file') return [`${here} file ${entry.version} ${entry.bytes}`];
      if (entry.kind === 'symlink') return [`${here} -> ${entry.target}`];
      return [`${here}/ ${entry.children.size}`, ...describeModel(entry, here)];
    });
}
