import { LIMITS } from '../../base/index.js';
import { ChunkFiles } from './chunk-files.js';
import { ChunkStore } from './chunk-store.js';
import { checkFormat } from './create-store.js';
import { DamageList } from './damage-list.js';
import { StoreHealth } from './health.js';
import { IndexKeeper } from './index-keeper.js';
import { replayJournal, settleJournal } from './journal-reader.js';
import { JournalWriter } from './journal-writer.js';
import { StoreLayout } from './layout.js';
import { PackReader } from './pack-reader.js';
import { PackWriter } from './pack-writer.js';
import type { ChunkStoreOptions } from './store-options.js';

/** What an open store consists of. */
export interface StoreParts {
  readonly layout: StoreLayout;
  readonly files: ChunkFiles;
  readonly packs: PackWriter;
  readonly packReader: PackReader;
  readonly journal: JournalWriter;
  readonly index: IndexKeeper;
  readonly damage: DamageList;
  readonly health: StoreHealth;
  readonly journalDamage: readonly string[];
  /** Packs that a failed sync left in doubt. */
  readonly suspectPacks: Set<number>;
}

/**
 * Opens a store: clears what a crash left in the temporary folder, and brings the index up to the journal's end. Errors:
 * DATA_FORMAT_UNSUPPORTED, ALREADY_RUNNING, CANCELLED; FileSystemError where the disk cannot be read.
 */
export async function openChunkStore(options: ChunkStoreOptions, signal: AbortSignal): Promise<ChunkStore> {
  const { fileSystem, clock, logger, keyValueStores } = options;
  const layout = new StoreLayout(options.root);
  await checkFormat(fileSystem, layout);
  const index = new IndexKeeper({ stores: keyValueStores, path: layout.index, clock, logger }, (from, onGroup) =>
    replayJournal(fileSystem, layout, from, onGroup, signal),
  );
  const health = new StoreHealth(logger);
  try {
    await settleJournal(fileSystem, layout);
  } catch (error) {
    // A disk that cannot be written can still be read.
    health.refusal('the journal could not be made durable', error);
  }
  // Opening the index takes its lock: nothing is changed before that.
  const replay = await index.open();
  try {
    const journal = new JournalWriter(
      fileSystem,
      layout,
      logger,
      replay.end,
      options.journalSegmentBytes ?? LIMITS.journalSegmentBytes,
    );
    const never = new AbortController().signal;
    index.replayWith((from, onGroup) => replayJournal(fileSystem, layout, from, onGroup, never, journal.position.group));
    const suspectPacks = new Set<number>();
    const packs = await PackWriter.open(fileSystem, layout, logger, options.packBytes ?? LIMITS.packBytes, suspectPacks);
    try {
      await journal.resume();
      await makeReady(options, layout);
    } catch (error) {
      health.refusal('the store could not be made ready for writing', error);
    }
    const damage = new DamageList(index, logger, options.onRepaired ?? (() => undefined));
    await damage.load(signal);
    const parts: StoreParts = {
      layout,
      packs,
      journal,
      index,
      damage,
      health,
      suspectPacks,
      files: new ChunkFiles(fileSystem, layout, logger),
      packReader: new PackReader(fileSystem, layout, logger),
      journalDamage: replay.damage,
    };
    return new ChunkStore(options, parts);
  } catch (error) {
    await index.close();
    throw error;
  }
}

async function makeReady({ fileSystem }: ChunkStoreOptions, layout: StoreLayout): Promise<void> {
  for (const name of await fileSystem.readDirectory(layout.temporary)) await fileSystem.unlink(`${layout.temporary}/${name}`);
  const folders = new Set(await fileSystem.readDirectory(layout.chunks));
  const missing = layout.chunkFolders.filter((folder) => !folders.has(folder));
  for (const folder of missing) await fileSystem.makeDirectory(layout.chunkFolder(folder));
  // In every case: a start before this one may have made them, and failed at just this.
  await fileSystem.syncDirectory(layout.chunks);
}
