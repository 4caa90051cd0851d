import { text } from 'node:stream/consumers';

/** An invite as it was given; - reads it from standard input, so that it need not stand on the command line. */
export async function readInvite(given: string): Promise<string> {
  return given === '-' ? (await text(process.stdin)).trim() : given;
}
