import { type AccessClient, AccessWorld } from './access-world.js';
import { EMPTY_FILE, requestId } from './requests.js';

const signal = new AbortController().signal;

/** A coordinator under attack by one of its own clients, who has an upload open. Filled before the first test. */
export class Besieged {
  #world: AccessWorld | undefined;
  #uploadId = '';

  async begin(): Promise<void> {
    this.#world = await AccessWorld.start();
    const { files } = this.#world.client;
    const opened = await files.openUpload({ requestId: requestId(), copies: 1, expectedBytes: 0 }, { signal });
    this.#uploadId = opened.uploadId;
    const there = { path: '/there', mode: 0o755, modified: undefined, makeParents: false, existOk: false };
    await files.makeDirectories({ requestId: requestId(), directories: [there] }, { signal });
    const thing = { ...EMPTY_FILE, path: '/thing' };
    await files.commitFiles({ requestId: requestId(), uploadId: opened.uploadId, files: [thing], receipts: [] }, { signal });
  }

  get world(): AccessWorld {
    if (this.#world === undefined) throw new Error('nothing has been started');
    return this.#world;
  }

  get client(): AccessClient {
    return this.world.client;
  }

  get uploadId(): string {
    return this.#uploadId;
  }

  /** The number of the last event: what left it as it was has changed nothing. */
  async head(): Promise<number> {
    return (await this.client.admin.getStatus({}, { signal })).log?.headSequence ?? 0;
  }
}
