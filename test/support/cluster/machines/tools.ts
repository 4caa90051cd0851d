import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** By command, the Debian package it is in. `npm test` installs them (scripts/setup.mjs). */
const PACKAGES = { ip: 'iproute2', nft: 'nftables' } as const;
type Tool = keyof typeof PACKAGES;

/** Throws with what to do where machines of their own cannot be made here; nothing is left out silently. */
export function requireTools(): void {
  if (process.platform !== 'linux') throw new Error('network namespaces are of Linux: run this on Linux');
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root: run this as root, or with sudo');
  const missing = (Object.keys(PACKAGES) as Tool[]).filter((tool) => locate(tool) === undefined);
  if (missing.length === 0) return;
  const packages = missing.map((tool) => PACKAGES[tool]).join(' ');
  throw new Error(`${missing.join(' and ')} missing: run apt-get install ${packages} (npm test does)`);
}

/** Runs a tool to its end and returns what it printed. */
export async function tool(name: Tool, ...args: readonly string[]): Promise<string> {
  const path = locate(name);
  if (path === undefined) throw new Error(`${name} is missing: run apt-get install ${PACKAGES[name]}`);
  try {
    return (await run(path, args)).stdout;
  } catch (error) {
    throw new Error(`${name} ${args.join(' ')} failed: ${reasonOf(error)}`, { cause: error });
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== ''
    ? error.stderr.trim()
    : String(error);

/** Its whole path, also for who does not have the folders of root on the PATH. */
export function locate(name: Tool): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
