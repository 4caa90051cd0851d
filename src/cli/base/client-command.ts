import type { CollectiveError } from '../../base/index.js';
import type { CollectiveClient, Past } from '../../client/index.js';
import { awayJson, awayText, waitText } from '../format/away.js';
import { shortTime } from '../format/entries.js';
import type { Context } from '../contexts/context-store.js';
import { BaseCommand } from './base-command.js';
import { writeOut } from '../local/standard-streams.js';
import { contextFlag } from './flags.js';

/** A command that speaks to the coordinator of a context. */
export abstract class ClientCommand extends BaseCommand {
  #opened: CollectiveClient | undefined;

  static override baseFlags = { ...BaseCommand.baseFlags, context: contextFlag };

  /** The client of the chosen context; closed at the end of the command. Errors: CONFIG_INVALID, NOT_FOUND, KEY_FILE_UNSAFE. */
  protected async client(
    contextName: string | undefined,
  ): Promise<{ readonly client: CollectiveClient; readonly context: Context }> {
    const [{ createWorld }, { openContextClient }] = await Promise.all([
      import('../compose/world.js'),
      import('../compose/client.js'),
    ]);
    const world = createWorld(await this.logger());
    const opened = await openContextClient(world, this.config.configDir, contextName, {
      onNotRenewed: (error, untilMs) => {
        if (untilMs > world.clock.nowMs())
          this.warnAside(`Your certificate could not be renewed, and is good until ${shortTime(untilMs)}. ${error.message}`);
      },
      onAway: (tree) => this.warnAside(awayText(tree)),
      onWaiting: (wait) => this.warnAside(waitText(wait, world.clock.monotonicMs())),
    });
    this.atEnd(() => opened.close());
    this.#opened = opened.client;
    return opened;
  }

  protected override withAside(json: object): object {
    const away = this.#opened?.awayTrees ?? [];
    return away.length === 0 ? json : { ...json, away: away.map(awayJson) };
  }

  /** Of what does not exist: which name was probably meant. */
  protected override async explained(error: CollectiveError): Promise<CollectiveError> {
    if (error.code !== 'NOT_FOUND' || this.#opened === undefined || this.interrupted.aborted) return error;
    const { nameThatWasMeant } = await import('./name-that-was-meant.js');
    return nameThatWasMeant(error, this.#opened, this.interrupted);
  }

  /** Writes files to standard output, one after the other. A reader that goes away ends it without an error. */
  protected async pour(client: CollectiveClient, paths: readonly string[], past?: Past): Promise<void> {
    const enough = new AbortController();
    const signal = AbortSignal.any([this.interrupted, enough.signal]);
    for (const path of paths) {
      try {
        await client.read(path, (bytes) => this.#pourOut(bytes, enough), { signal, past });
      } catch (error) {
        if (enough.signal.aborted) return;
        throw error;
      }
    }
  }

  async #pourOut(bytes: Uint8Array, enough: AbortController): Promise<void> {
    if (!(await writeOut(bytes))) enough.abort();
  }
}
