import type { FileContent, Survival } from './file-content.js';
import type { SeededRandom } from './random.js';

export type Item = Folder | FileItem;

export interface FileItem {
  readonly kind: 'file';
  content: FileContent;
  modifiedMs: number;
}

type Change =
  | { readonly kind: 'put'; readonly name: string; readonly item: Item }
  | { readonly kind: 'delete'; readonly name: string }
  /** Within one folder a rename is one change: after a crash the old name or the new, never both. */
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly item: Item };

function apply(names: Map<string, Item>, change: Change): void {
  if (change.kind === 'put') {
    names.set(change.name, change.item);
    return;
  }
  if (change.kind === 'delete') {
    names.delete(change.name);
    return;
  }
  names.delete(change.from);
  names.set(change.to, change.item);
}

/** A folder's names: as programs see them, and as the disk holds them. */
export class Folder {
  readonly kind = 'directory';
  readonly names = new Map<string, Item>();
  #durable = new Map<string, Item>();
  #unsynced: Change[] = [];
  /** How many changes a sync has written or given up. */
  #settled = 0;

  change(change: Change): void {
    apply(this.names, change);
    this.#unsynced.push(change);
  }

  /** What the disk holds under a name for certain. */
  durable(name: string): Item | undefined {
    return this.#durable.get(name);
  }

  /** Changes so far: what a sync that begins now covers. */
  get changes(): number {
    return this.#settled + this.#unsynced.length;
  }

  /** The changes up to that number reach the disk. */
  sync(changes: number): void {
    for (const change of this.#settle(changes)) apply(this.#durable, change);
  }

  /** As for files: names stay visible, and no later sync writes them. */
  failSync(changes: number): void {
    this.#settle(changes);
  }

  #settle(changes: number): readonly Change[] {
    const settled = this.#unsynced.splice(0, Math.max(0, changes - this.#settled));
    this.#settled += settled.length;
    return settled;
  }

  /** What is there when the power comes back, with all below it. Changes of names reach a disk in order. */
  crash(survival: Survival, random: SeededRandom, crashed: Map<Item, Item> = new Map()): Folder {
    const kept = { nothing: 0, everything: this.#unsynced.length, random: random.integer(this.#unsynced.length + 1) }[survival];
    const left = new Map(this.#durable);
    for (const change of this.#unsynced.slice(0, kept)) apply(left, change);
    const after = new Folder();
    for (const [name, item] of left) {
      // A move between folders may leave one item under two names: it stays one item.
      const survivor = crashed.get(item) ?? crashItem(item, survival, random, crashed);
      crashed.set(item, survivor);
      after.names.set(name, survivor);
    }
    after.#durable = new Map(after.names);
    return after;
  }
}

function crashItem(item: Item, survival: Survival, random: SeededRandom, crashed: Map<Item, Item>): Item {
  if (item.kind === 'directory') return item.crash(survival, random, crashed);
  return { kind: 'file', content: item.content.crash(survival, random), modifiedMs: item.modifiedMs };
}
