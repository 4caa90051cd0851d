import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

const PIECE_BYTES = 4 * 1024 * 1024;

/** Bytes that look random and follow from the seed, piece by piece. */
export function* contentPieces(seed: string, bytes: number): Generator<Buffer, void> {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  for (let done = 0; done < bytes; done += PIECE_BYTES) yield cipher.update(Buffer.alloc(Math.min(PIECE_BYTES, bytes - done)));
}

export const contentOf = (seed: string, bytes: number): Buffer => Buffer.concat([...contentPieces(seed, bytes)]);

/** Writes the content of a seed to a new file, from its first byte on. */
export async function writeContent(path: string, seed: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const piece of contentPieces(seed, bytes)) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export async function digestOfFile(path: string, bytes: number): Promise<string> {
  if (bytes <= PIECE_BYTES) return digestOf(readFileSync(path));
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
