import type { FileTime } from '../../client/index.js';

/** What the command was given on standard input; `owner` lets go of it at its end. */
export function standardInput(owner: { atEnd(dispose: () => void): void }): AsyncIterable<Uint8Array> {
  if (process.stdin.isTTY) process.stderr.write('Reading from the terminal: Ctrl-D ends the input.\n');
  owner.atEnd(() => {
    process.stdin.destroy();
  });
  return process.stdin;
}

/** Writes to standard output, and waits while its reader is slow. False: the reader has gone away. */
export function writeOut(bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error === null || error === undefined) resolve(true);
      else if ('code' in error && error.code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
}

/** As for a file that is made now by this user. */
export const newFileMode = (): number => 0o666 & ~userMask();

export const newFolderMode = (): number => 0o777 & ~userMask();

/** It can only be read by setting it. */
function userMask(): number {
  const mask = process.umask(0o077);
  process.umask(mask);
  return mask;
}

export function currentFileTime(): FileTime {
  const nowMs = Date.now();
  return { seconds: Math.floor(nowMs / 1000), nanoseconds: (nowMs % 1000) * 1_000_000 };
}
