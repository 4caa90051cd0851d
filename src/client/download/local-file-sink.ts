import type { Entry } from '../entry.js';
import type { LocalFiles, LocalWriter } from '../local/local-files.js';
import type { FileSink } from './file-sink.js';

/** A local file that appears when it is whole, with the mode and time that it had when it was stored. */
export class LocalFileSink implements FileSink {
  readonly #local: LocalFiles;
  readonly #path: string;
  #writer: LocalWriter | undefined;
  #entry: Entry | undefined;

  constructor(local: LocalFiles, path: string) {
    this.#local = local;
    this.#path = path;
  }

  async begin(entry: Entry): Promise<void> {
    this.#entry = entry;
    this.#writer = await this.#local.create(this.#path, entry.bytes);
  }

  async recall(into: Uint8Array, position: number): Promise<boolean> {
    const writer = this.#writer;
    if (writer === undefined || position + into.length > writer.leftBytes) return false;
    return (await writer.recall(into, position)) === into.length;
  }

  async write(bytes: Uint8Array, padded: Uint8Array, position: number): Promise<void> {
    await this.#writer?.write(bytes, padded, position);
  }

  async zeros(length: number, position: number): Promise<void> {
    await this.#writer?.clear(length, position);
  }

  async finish(): Promise<void> {
    if (this.#entry === undefined) return;
    await this.#writer?.finish(this.#entry.bytes, this.#entry);
    this.#writer = undefined;
  }

  async leave(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.leave();
  }

  async discard(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.discard();
  }
}
