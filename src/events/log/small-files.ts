import type { FileSystem } from '../../ports/index.js';

/** A whole file of at most `bytesMax` bytes; of a longer one, one byte more than that, so that its length shows. */
export async function readSmallFile(fileSystem: FileSystem, path: string, bytesMax: number): Promise<Uint8Array> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const buffer = new Uint8Array(bytesMax + 1);
    const count = await handle.read(buffer, 0);
    return buffer.slice(0, count);
  } finally {
    await handle.close();
  }
}

/** Makes a new file with this content and syncs it; its name is durable only once its folder is synced. */
export async function writeNewFile(fileSystem: FileSystem, path: string, content: Uint8Array): Promise<void> {
  const handle = await fileSystem.open(path, 'create-new');
  try {
    await handle.write(content, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Closes every handle; then throws what the first one that failed threw. */
export async function closeAll(handles: readonly { close(): Promise<void> }[]): Promise<void> {
  const results = await Promise.allSettled(handles.map((handle) => handle.close()));
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
  }
}
