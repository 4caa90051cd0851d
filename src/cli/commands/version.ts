import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseCommand } from '../base/base-command.js';

interface VersionJson {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly commit?: string;
}

export default class Version extends BaseCommand {
  static override summary = 'Show the version of this program.';

  async run(): Promise<VersionJson> {
    await this.parse(Version);
    const commit = await commitOf(this.config.root);
    const { version } = this.config;
    const platform = `${process.platform}-${process.arch}`;
    this.log(
      `collective ${version}${commit === undefined ? '' : ` (${commit.slice(0, 12)})`}, Node ${process.versions.node}, ${platform}`,
    );
    return { version, node: process.versions.node, platform, ...(commit === undefined ? {} : { commit }) };
  }
}

/** Of a clone: what is checked out. Unknown where the program was installed from a package. */
async function commitOf(root: string): Promise<string | undefined> {
  const head = await textOf(join(root, '.git', 'HEAD'));
  const reference = /^ref: (refs\/\S+)$/.exec(head ?? '')?.[1];
  if (reference === undefined) return /^[0-9a-f]{40}$/.exec(head ?? '')?.[0];
  const loose = await textOf(join(root, '.git', reference));
  if (loose !== undefined) return loose;
  const packed = (await textOf(join(root, '.git', 'packed-refs'))) ?? '';
  return packed
    .split('\n')
    .find((line) => line.endsWith(` ${reference}`))
    ?.slice(0, 40);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}
