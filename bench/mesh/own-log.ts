import { join } from 'node:path';
import { accept, isMemberId, type MemberId } from '../../src/base/index.js';
import { logDirectoryOf, MEMBER_FILES } from '../../src/coordinator/index.js';
import { type CollectiveEvent, type EventLog, openLog } from '../../src/events/index.js';
import { createSigner, openKeyPair } from '../../src/identity/index.js';
import {
  NodeFileSystem,
  NodeHasher,
  NodeSignatureVerifier,
  readPrivateKeyFile,
  SystemClock,
  SystemRandom,
} from '../../src/runtime/index.js';

/** Where the next event will stand. */
export interface Next {
  readonly epoch: number;
  readonly sequence: number;
}

/**
 * Appends to the log of a coordinator that does not run, as it would itself: a block for each answer of `events`, up to the first
 * empty one. `logs` is the folder with the folders of all its logs, of which there is only its own. Returns whose it is.
 */
export async function appendOffline(logs: string, events: (next: Next) => readonly CollectiveEvent[]): Promise<MemberId> {
  const { log, origin } = await openOwn(logs);
  try {
    for (;;) {
      const { epoch, sequence } = log.head;
      const some = events({ epoch, sequence: sequence + 1 });
      if (some.length === 0) return origin;
      const block = log.begin();
      for (const event of some) block.add({ event, actor: 'coordinator', request: undefined, cause: undefined });
      await block.commit();
    }
  } finally {
    await log.close();
  }
}

/** The first event of a log: who its owner is. */
export async function foundingOf(logs: string): Promise<Extract<CollectiveEvent, { readonly type: 'CollectiveFounded' }>> {
  const { log } = await openOwn(logs);
  try {
    for await (const { events } of log.read({ fromSequence: 1, toSequence: 1 })) {
      const first = events[0]?.event;
      if (first?.type === 'CollectiveFounded') return first;
    }
    throw new Error(`${logs} holds no log that begins with a founding`);
  } finally {
    await log.close();
  }
}

async function openOwn(logs: string): Promise<{ readonly log: EventLog; readonly origin: MemberId }> {
  const directory = join(logs, '..');
  const hasher = new NodeHasher();
  const fileSystem = new NodeFileSystem();
  const origin = (await fileSystem.readDirectory(logs)).find(isMemberId);
  if (origin === undefined) throw new Error(`there is no log in ${logs}`);
  const keys = accept(openKeyPair(await readPrivateKeyFile(join(directory, MEMBER_FILES.logKey)), hasher));
  const log = await openLog({
    fileSystem,
    clock: new SystemClock(),
    random: new SystemRandom(),
    hasher,
    verifier: new NodeSignatureVerifier(),
    directory: logDirectoryOf(directory, origin),
    origin,
    signer: createSigner(keys),
  });
  return { log, origin };
}
