import { CollectiveError } from '../../base/index.js';
import type { FileSystem, KeyValueStores } from '../../ports/index.js';
import { closing } from './chunk-files.js';
import { isMissing } from './failures.js';
import { HoldIndex } from './hold-index.js';
import { JOURNAL_START } from './journal-reader.js';
import { FORMAT_TEXT, StoreLayout } from './layout.js';

/**
 * Makes an empty store in an existing folder (whose own name the caller has made durable). The FORMAT file comes last: an interrupted creation is simply repeated.
 * Errors: ALREADY_EXISTS; FileSystemError.
 */
export async function createChunkStore(options: {
  readonly root: string;
  readonly fileSystem: FileSystem;
  readonly keyValueStores: KeyValueStores;
}): Promise<void> {
  const { root, fileSystem, keyValueStores } = options;
  const layout = new StoreLayout(root);
  if (await exists(fileSystem, layout.format)) {
    throw new CollectiveError('ALREADY_EXISTS', `${root} is a node store already.`, {
      next: 'Start the node, or choose another folder.',
    });
  }
  for (const folder of [layout.chunks, layout.packs, layout.journal, layout.temporary]) await makeFolder(fileSystem, folder);
  for (const folder of layout.chunkFolders) await makeFolder(fileSystem, layout.chunkFolder(folder));
  await keyValueStores.destroy(layout.index);
  const index = await HoldIndex.create(await keyValueStores.open(layout.index, 'create'), JOURNAL_START);
  await index.close();
  await fileSystem.syncDirectory(layout.chunks);
  await fileSystem.syncDirectory(root);
  await writeFormat(fileSystem, layout);
}

async function writeFormat(fileSystem: FileSystem, layout: StoreLayout): Promise<void> {
  const temporary = layout.temporaryFile(0);
  if (await exists(fileSystem, temporary)) await fileSystem.unlink(temporary);
  const handle = await fileSystem.open(temporary, 'create-new');
  await closing(handle, async () => {
    await handle.write(new TextEncoder().encode(FORMAT_TEXT), 0);
    await handle.sync();
  });
  await fileSystem.rename(temporary, layout.format);
  await fileSystem.syncDirectory(layout.root);
}

/** Error: DATA_FORMAT_UNSUPPORTED. */
export async function checkFormat(fileSystem: FileSystem, layout: StoreLayout): Promise<void> {
  const unsupported = (what: string): CollectiveError =>
    new CollectiveError('DATA_FORMAT_UNSUPPORTED', `${layout.root} ${what}.`, {
      next: `Check the path and the version of the program. If ${layout.format} was damaged, write ${JSON.stringify(FORMAT_TEXT)} into it.`,
      details: { path: layout.format },
    });
  if (!(await exists(fileSystem, layout.format))) throw unsupported('is not a node store: it has no FORMAT file');
  const bytes = new Uint8Array(256);
  const handle = await fileSystem.open(layout.format, 'read');
  const read = await closing(handle, () => handle.read(bytes, 0));
  const text = new TextDecoder().decode(bytes.subarray(0, read));
  if (text !== FORMAT_TEXT)
    throw unsupported(`has a FORMAT file that this version does not know (${JSON.stringify(text.slice(0, 60))})`);
}

async function makeFolder(fileSystem: FileSystem, path: string): Promise<void> {
  if (!(await exists(fileSystem, path))) await fileSystem.makeDirectory(path);
}

async function exists(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
