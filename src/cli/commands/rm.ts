import { Args, Flags } from '@oclif/core';
import { CollectiveError, isCollectiveError } from '../../base/index.js';
import type { BoundFolders, CollectiveClient } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { boundText } from '../format/bound.js';
import { printable } from '../format/entries.js';

/** What was bound to a folder that was removed. */
interface BoundJson extends BoundFolders {
  readonly path: string;
}

interface PurgedJson {
  readonly path: string;
  readonly entries: number;
  readonly versions: number;
}

export default class Remove extends ClientCommand {
  static override summary = 'Remove files and folders.';
  static override description =
    'What was removed can be put back with collective restore for the retention time (30 days unless the coordinator is told ' +
    'otherwise). With --purge it is gone for good, with all its versions, and so is what was deleted at that path before; its ' +
    'bytes are freed once chunks are collected, which this version does not do yet.';
  static override usage = 'rm REMOTE...';
  static override args = {
    paths: Args.string({ required: true, multiple: true, ignoreStdin: true, description: 'Remote paths.' }),
  };
  static override flags = {
    recursive: Flags.boolean({ char: 'r', description: 'Also folders that are not empty, with all that is in them.' }),
    force: Flags.boolean({ char: 'f', description: 'What does not exist is no error.' }),
    purge: Flags.boolean({ description: 'For good: it cannot be restored. Also of what is deleted already.' }),
    version: Flags.integer({
      min: 1,
      description: 'With --purge: only this older version of a file.',
      helpValue: 'NUMBER',
      dependsOn: ['purge'],
    }),
    yes: Flags.boolean({ char: 'y', description: 'With --purge: do not ask.', dependsOn: ['purge'] }),
  };
  static override examples = [
    '<%= config.bin %> rm -r /photos/old',
    { description: 'One version, for good', command: '<%= config.bin %> rm --purge --version 3 /notes/secret.txt' },
  ];

  async run(): Promise<
    { readonly removed: readonly string[]; readonly bound?: readonly BoundJson[] } | { readonly purged: readonly PurgedJson[] }
  > {
    const { args, flags } = await this.parse(Remove);
    if (flags.version !== undefined && args.paths.length > 1) {
      throw new CollectiveError('USAGE', '--version is of one file.', { next: 'Name that file alone.' });
    }
    if (flags.purge && !flags.yes) await this.#confirm(args.paths, flags.version);
    const { client } = await this.client(flags.context);
    const removed: string[] = [];
    const bound: BoundJson[] = [];
    const purged: PurgedJson[] = [];
    for (const path of args.paths) {
      try {
        if (flags.purge) purged.push(await this.#purge(client, path, flags));
        else {
          const gone = await client.remove(path, flags.recursive, this.interrupted);
          removed.push(gone.path);
          if (gone.bound === undefined) continue;
          bound.push({ ...gone.bound, path: gone.path });
          this.say(boundText(gone.path, gone.bound));
        }
      } catch (error) {
        if (!flags.force || !isCollectiveError(error) || error.code !== 'NOT_FOUND') throw error;
      }
    }
    return flags.purge ? { purged } : { removed, ...(bound.length > 0 ? { bound } : {}) };
  }

  async #purge(
    client: CollectiveClient,
    path: string,
    options: { readonly recursive: boolean; readonly version?: number | undefined },
  ): Promise<PurgedJson> {
    const { entries, versions } = await client.tree.purge(path, options, this.interrupted);
    return { path, entries, versions };
  }

  async #confirm(paths: readonly string[], version: number | undefined): Promise<void> {
    if (process.stdin.isTTY !== true || process.stderr.isTTY !== true || this.jsonEnabled()) {
      throw new CollectiveError('USAGE', 'To purge cannot be undone, and there is no terminal to ask.', { next: 'Add --yes.' });
    }
    const { confirm } = await import('@inquirer/prompts');
    const what = version === undefined ? paths.map(printable).join(', ') : `version ${version} of ${printable(paths[0] ?? '')}`;
    const message = `Purge ${what} for good${version === undefined ? ', with all versions and what was deleted there before' : ''}?`;
    const sure = await confirm({ message, default: false }, { output: process.stderr, signal: this.interrupted });
    if (!sure) throw new CollectiveError('CANCELLED', 'Nothing was purged.');
  }
}
