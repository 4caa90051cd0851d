import { CollectiveError, formatSize, LIMITS } from '../../base/index.js';
import type { NodeSettings } from './node-folder.js';

const ANY_HOST = '0.0.0.0';
const FIRST_PORT = 7430;

/** Every address of this machine, on a port that no other node of it was given. */
export function freeAddress(others: readonly NodeSettings[]): NodeSettings['listen'] {
  const taken = new Set(others.map(({ listen }) => listen.port));
  let port = FIRST_PORT;
  while (taken.has(port)) port += 1;
  return { host: ANY_HOST, port };
}

/** Error: USAGE for what is too little to hold anything. */
export function checkCapacity(bytes: number): void {
  if (bytes >= LIMITS.nodeCapacityMinBytes) return;
  throw new CollectiveError(
    'USAGE',
    `A node holds at least ${formatSize(LIMITS.nodeCapacityMinBytes)}, not ${formatSize(bytes)}.`,
    {
      next: 'Write how much it may hold with its unit, such as --capacity 100G.',
    },
  );
}

const SHARE_OF_FREE = 0.9;
const ROUNDED_TO_BYTES = 1_000_000_000;

/** What a node may hold where nobody says: most of what is free on its disk, in whole gigabytes where there are some. */
export function defaultCapacity(freeBytes: number): number {
  const share = Math.floor(freeBytes * SHARE_OF_FREE);
  const rounded = Math.floor(share / ROUNDED_TO_BYTES) * ROUNDED_TO_BYTES;
  return rounded > 0 ? rounded : share;
}
