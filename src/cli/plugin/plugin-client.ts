import type { CollectiveClient, EventQuery } from '../../client/index.js';
import { entryJson, type EntryJson } from '../format/entries.js';
import { eventJson, type EventJson } from '../format/events.js';
import { nodeJson, statusJson, type NodeJson, type StatusJson } from '../format/status.js';
import { currentFileTime, newFileMode, newFolderMode } from '../local/standard-streams.js';

/**
 * What a plugin may ask the coordinator for: what the commands of docs/cli.md print with --json, and the bytes of files. Stable within
 * a version of the plugin interface. Remote paths begin with a slash. Errors: CollectiveError.
 */
export class PluginClient {
  readonly #client: CollectiveClient;
  readonly #signal: AbortSignal;

  constructor(client: CollectiveClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  async status(): Promise<StatusJson> {
    return statusJson(await this.#client.admin.status(this.#signal));
  }

  async nodes(): Promise<readonly NodeJson[]> {
    return (await this.#client.admin.nodes(this.#signal)).map(nodeJson);
  }

  async stat(path: string): Promise<EntryJson> {
    return entryJson(await this.#client.stat(path, this.#signal));
  }

  async *list(path: string): AsyncGenerator<EntryJson, void> {
    for await (const entry of this.#client.list(path, this.#signal)) yield entryJson(entry);
  }

  /** `onBytes` gets the file in order, checked; what it is given is its own only during the call, which is waited for. */
  async read(path: string, onBytes: (bytes: Uint8Array) => Promise<void> | void): Promise<void> {
    await this.#client.read(path, async (bytes) => onBytes(bytes), { signal: this.#signal });
  }

  /** Stores the whole content of one file, visible once it is all there. Returns how many bytes. */
  async write(path: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
    const report = await this.#client.write({
      path,
      bytes,
      mode: newFileMode(),
      modified: currentFileTime(),
      copies: 0,
      signal: this.#signal,
    });
    const [failure] = report.failures;
    if (failure !== undefined) throw failure.error;
    return report.bytes;
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#client.makeDirectories(
      [path],
      { mode: newFolderMode(), modified: currentFileTime(), parents: true },
      this.#signal,
    );
  }

  /** The last so many events, of those types if any are named. */
  async *events(last: number, types: readonly string[] = []): AsyncGenerator<EventJson, void> {
    const query: EventQuery = { fromSequence: 0, limit: 0, last, follow: false, types };
    for await (const event of this.#client.admin.events(query, this.#signal)) yield eventJson(event);
  }
}
