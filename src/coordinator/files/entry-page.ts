import { LIMITS, utf8 } from '../../base/index.js';
import type { EntryInfo } from '../../transport/index.js';

/** What an entry takes in a message besides its texts, at most. */
const ENTRY_FIELDS_BYTES = 160;

export const messageBytesOf = (info: EntryInfo): number =>
  utf8(`${info.path}${info.name}${info.symlinkTarget}${info.contentType}`).length + ENTRY_FIELDS_BYTES;

/**
 * Things about entries, up to what one message takes. Every entry carries its whole path: a deep directory fills a message
 * sooner than its count of entries would.
 */
export class EntryPage<Item> {
  #items: Item[] = [];
  #bytes = 0;

  get full(): boolean {
    return this.#items.length >= LIMITS.listPageEntries || this.#bytes >= LIMITS.listPageBytes;
  }

  get empty(): boolean {
    return this.#items.length === 0;
  }

  add(item: Item, bytes: number): void {
    this.#items.push(item);
    this.#bytes += bytes;
  }

  take(): Item[] {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    return items;
  }
}
