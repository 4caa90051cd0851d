import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { decodeHead } from '../../src/events/log/files/stored-records.js';
import type { Cluster } from '../../test/support/cluster/index.js';

/** What `collective peer list --json` says, as far as it is used here. */
export interface PeerList {
  readonly peers: readonly { readonly memberId: string; readonly connection: string; readonly receivedBytes?: number }[];
  readonly logs: readonly {
    readonly origin: string;
    readonly sequence: number;
    readonly appliedSequence: number;
    readonly knownSequence: number;
  }[];
}

export async function peerList(member: Cluster): Promise<PeerList> {
  const { stdout } = await member.ok(['peer', 'list', '--json']);
  return JSON.parse(stdout.toString('utf8')) as PeerList;
}

export async function invite(host: Cluster, guest: Cluster): Promise<void> {
  const { stdout } = await host.ok(['member', 'invite', guest.name, '--approved', '--json']);
  const { invite: text } = JSON.parse(stdout.toString('utf8')) as { invite: string };
  await guest.ok(['member', 'accept', text, '--yes']);
}

/** The folder with one folder for each log that this member's coordinator keeps. */
export async function logsFolder(member: Cluster): Promise<string> {
  const found = await findFolder(join(member.root, 'data'), 'log', 6);
  if (found === undefined) throw new Error(`${member.name} keeps no logs below ${member.root}`);
  return found;
}

async function findFolder(folder: string, name: string, depth: number): Promise<string | undefined> {
  if (depth === 0) return undefined;
  const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  if (entries.some((entry) => entry.name === name)) return join(folder, name);
  for (const entry of entries) {
    const found = await findFolder(join(folder, entry.name), name, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The last event of a log, or of a copy of one, that is durable; 0 where there is none yet. */
export function durableSequence(logFolder: string): number {
  let newest = { generation: -1, sequence: 0 };
  for (const file of ['HEAD.0', 'HEAD.1']) {
    const head = headOf(join(logFolder, file));
    if (head !== undefined && head.generation > newest.generation) newest = head;
  }
  return newest.sequence;
}

function headOf(path: string): { readonly generation: number; readonly sequence: number } | undefined {
  try {
    return decodeHead(readFileSync(path));
  } catch (error) {
    // Not there yet, or just being written: the other one counts.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

export const sleep = (durationMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
