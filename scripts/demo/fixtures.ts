import { randomFillSync } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Writes a file of random bytes, which neither compress nor repeat. */
export async function writeRandomFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    const piece = Buffer.allocUnsafe(4 * 1024 * 1024);
    for (let written = 0; written < bytes; written += piece.length) {
      randomFillSync(piece);
      await file.write(piece, 0, Math.min(piece.length, bytes - written));
    }
  } finally {
    await file.close();
  }
}
