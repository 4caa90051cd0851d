/** A tree with its past, as anybody would write it down: what views and deciders are held against. */
export interface ModelFile {
  readonly kind: 'file';
  /** Bytes of each version, the first one first; undefined: purged. */
  readonly versions: (number | undefined)[];
}

export interface ModelFolder {
  readonly kind: 'folder';
  readonly children: Map<string, ModelNode>;
  /** What was removed from here, the last one last. */
  readonly removed: { readonly name: string; readonly node: ModelNode; readonly at: number }[];
}

export type ModelNode = ModelFile | ModelFolder;

export type HistoryCommand =
  | { readonly do: 'put'; readonly names: readonly string[]; readonly bytes: number }
  | { readonly do: 'make'; readonly names: readonly string[] }
  | { readonly do: 'remove'; readonly names: readonly string[] }
  | { readonly do: 'move'; readonly names: readonly string[]; readonly to: readonly string[]; readonly replace: boolean }
  | { readonly do: 'copy'; readonly names: readonly string[]; readonly to: readonly string[]; readonly replace: boolean }
  | {
      readonly do: 'restore';
      readonly names: readonly string[];
      readonly version: number | undefined;
      readonly to: readonly string[] | undefined;
      readonly overwrite: boolean;
    }
  | { readonly do: 'purge'; readonly names: readonly string[]; readonly version: number | undefined };

interface Standing {
  readonly node: ModelNode;
  readonly parent: ModelFolder;
  readonly name: string;
  /** When it went, with a folder or by itself; undefined: it stands there. */
  readonly gone: number | undefined;
  /** Removed by itself. */
  readonly itself: boolean;
}

class Refusal extends Error {}

export class HistoryModel {
  readonly root: ModelFolder = { kind: 'folder', children: new Map(), removed: [] };
  #now = 0;

  /** False: refused, and nothing has changed. */
  do(command: HistoryCommand): boolean {
    this.#now += 1;
    try {
      this.#do(command);
      return true;
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }

  #do(command: HistoryCommand): void {
    const { names } = command;
    switch (command.do) {
      case 'put':
        this.#commit(names, command.bytes, true);
        return;
      case 'make': {
        const there = this.#at(names);
        if (there?.kind === 'file') throw new Refusal();
        if (there === undefined) this.#parent(names, true).children.set(last(names), folder());
        return;
      }
      case 'remove':
        this.#there(names);
        this.#remove(this.#parent(names, false), last(names));
        return;
      case 'move':
        this.#move(names, command.to, command.replace);
        return;
      case 'copy': {
        const source = this.#there(names);
        const same = names.join('/') === command.to.join('/');
        if (source.kind !== 'file' || same) throw new Refusal();
        this.#commit(command.to, source.versions.at(-1) ?? 0, command.replace);
        return;
      }
      case 'restore':
        this.#restore(command);
        return;
      case 'purge':
        this.#purge(names, command.version);
    }
  }

  #commit(names: readonly string[], bytes: number, replace: boolean): void {
    const there = this.#at(names);
    if (there?.kind === 'folder' || (there !== undefined && !replace)) throw new Refusal();
    if (there !== undefined) there.versions.push(bytes);
    else this.#parent(names, true).children.set(last(names), { kind: 'file', versions: [bytes] });
  }

  #remove(parent: ModelFolder, name: string): void {
    const node = parent.children.get(name);
    if (node === undefined) throw new Refusal();
    parent.children.delete(name);
    parent.removed.push({ name, node, at: this.#now });
  }

  #move(from: readonly string[], to: readonly string[], replace: boolean): void {
    const moved = this.#there(from);
    if (from.join('/') === to.join('/')) return;
    if (moved.kind === 'folder' && from.every((name, index) => to[index] === name)) throw new Refusal();
    const target = this.#parent(to, false);
    const there = target.children.get(last(to));
    if (there !== undefined && !replace) throw new Refusal();
    if (there !== undefined && there.kind !== moved.kind) throw new Refusal();
    if (there?.kind === 'folder' && there.children.size > 0) throw new Refusal();
    this.#parent(from, false).children.delete(last(from));
    if (there !== undefined) this.#remove(target, last(to));
    target.children.set(last(to), moved);
  }

  #restore(command: Extract<HistoryCommand, { readonly do: 'restore' }>): void {
    const { names, version, to, overwrite } = command;
    const all = this.#everAt(names);
    const chosen =
      version === undefined
        ? (all.find(({ gone }) => gone !== undefined) ?? all[0])
        : (all.find(({ node }) => node.kind === 'file') ?? all[0]);
    if (chosen === undefined) throw new Refusal();
    const { node } = chosen;
    if (version !== undefined && node.kind !== 'file') throw new Refusal();
    const bytes = version === undefined || node.kind !== 'file' ? undefined : node.versions[version - 1];
    if (chosen.gone === undefined) {
      if (version === undefined || bytes === undefined || node.kind !== 'file') throw new Refusal();
      if (to !== undefined && to.join('/') !== names.join('/')) this.#commit(to, bytes, overwrite);
      else if (version !== node.versions.length) node.versions.push(bytes);
      return;
    }
    if (version !== undefined && bytes === undefined) throw new Refusal();
    const target = to ?? names;
    const there = this.#at(target);
    const parentMayBeMade = this.#canMakeParent(target);
    if (!parentMayBeMade) throw new Refusal();
    if (there !== undefined) {
      if (!overwrite || there.kind !== node.kind) throw new Refusal();
      if (there.kind === 'folder' && there.children.size > 0) throw new Refusal();
    }
    const parent = this.#parent(target, true);
    if (there !== undefined) this.#remove(parent, last(target));
    this.#take(chosen);
    parent.children.set(last(target), node);
    if (node.kind === 'file' && bytes !== undefined && version !== node.versions.length) node.versions.push(bytes);
  }

  #purge(names: readonly string[], version: number | undefined): void {
    const all = this.#everAt(names);
    if (version === undefined) {
      if (all.length === 0) throw new Refusal();
      for (const each of all) this.#take(each);
      return;
    }
    const chosen = all.find(({ node }) => node.kind === 'file');
    if (chosen?.node.kind !== 'file') throw new Refusal();
    const { versions } = chosen.node;
    if (version >= versions.length || versions[version - 1] === undefined) throw new Refusal();
    versions[version - 1] = undefined;
  }

  #take({ parent, name, node, itself }: Standing): void {
    if (!itself) parent.children.delete(name);
    else
      parent.removed.splice(
        parent.removed.findIndex((each) => each.node === node),
        1,
      );
  }

  /** What stands there first, then what went last. */
  #everAt(names: readonly string[]): readonly Standing[] {
    let found: readonly Standing[] = [{ node: this.root, parent: this.root, name: '', gone: undefined, itself: false }];
    for (const name of names) {
      found = found.flatMap(({ node, gone }): Standing[] => {
        if (node.kind === 'file') return [];
        const child = node.children.get(name);
        const standing = child === undefined ? [] : [{ node: child, parent: node, name, gone, itself: false }];
        const removed = node.removed
          .filter((each) => each.name === name)
          .map(({ node: each, at }) => ({ node: each, parent: node, name, gone: Math.min(at, gone ?? at), itself: true }));
        return [...standing, ...removed];
      });
    }
    return found.toSorted((left, right) => (right.gone ?? Number.MAX_VALUE) - (left.gone ?? Number.MAX_VALUE));
  }

  #at(names: readonly string[]): ModelNode | undefined {
    let node: ModelNode | undefined = this.root;
    for (const name of names) {
      if (node === undefined) return undefined;
      if (node.kind === 'file') throw new Refusal();
      node = node.children.get(name);
    }
    return node;
  }

  #there(names: readonly string[]): ModelNode {
    const node = this.#at(names);
    if (node === undefined) throw new Refusal();
    return node;
  }

  #canMakeParent(names: readonly string[]): boolean {
    let at: ModelNode | undefined = this.root;
    for (const name of names.slice(0, -1)) {
      at = at?.kind === 'folder' ? at.children.get(name) : undefined;
      if (at === undefined) return true;
      if (at.kind === 'file') return false;
    }
    return true;
  }

  #parent(names: readonly string[], make: boolean): ModelFolder {
    let at = this.root;
    for (const name of names.slice(0, -1)) {
      let next = at.children.get(name);
      if (next === undefined && !make) throw new Refusal();
      if (next === undefined) {
        next = folder();
        at.children.set(name, next);
      }
      if (next.kind === 'file') throw new Refusal();
      at = next;
    }
    return at;
  }
}

export interface ModelCounts {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  readonly keptVersions: number;
  readonly keptBytes: number;
  readonly deletedEntries: number;
  readonly deletedBytes: number;
}

/** What is below a folder, counted anew. */
export function countsBelow(top: ModelFolder): ModelCounts {
  const sum = { files: 0, directories: 0, bytes: 0, keptVersions: 0, keptBytes: 0, deletedEntries: 0, deletedBytes: 0 };
  for (const node of top.children.values()) {
    const below = countsOf(node);
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += below[name];
  }
  for (const { node } of top.removed) {
    const below = countsOf(node);
    sum.deletedEntries += below.files + below.directories + below.deletedEntries;
    sum.deletedBytes += below.bytes + below.keptBytes + below.deletedBytes;
  }
  return sum;
}

function countsOf(node: ModelNode): ModelCounts {
  if (node.kind === 'folder') {
    const below = countsBelow(node);
    return { ...below, directories: below.directories + 1 };
  }
  const older = node.versions.slice(0, -1).filter((bytes) => bytes !== undefined);
  return {
    files: 1,
    directories: 0,
    bytes: node.versions.at(-1) ?? 0,
    keptVersions: older.length,
    keptBytes: older.reduce((sum, bytes) => sum + bytes, 0),
    deletedEntries: 0,
    deletedBytes: 0,
  };
}

/** One line for each thing, what was deleted marked with its order. */
export function describePast(top: ModelFolder, path = ''): readonly string[] {
  const lines = [...top.children].flatMap(([name, node]) => describeNode(node, `${path}/${name}`));
  const removed = top.removed.flatMap(({ name, node }) => describeNode(node, `${path}/!${name}`));
  return [...lines.toSorted(), ...removed.toSorted()];
}

function describeNode(node: ModelNode, path: string): readonly string[] {
  if (node.kind === 'folder') return [`${path}/`, ...describePast(node, path)];
  return [`${path} ${node.versions.map((bytes) => bytes ?? 'purged').join(' ')}`];
}

const folder = (): ModelFolder => ({ kind: 'folder', children: new Map(), removed: [] });
const last = (names: readonly string[]): string => names.at(-1) ?? '';
