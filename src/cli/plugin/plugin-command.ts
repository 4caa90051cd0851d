import { ClientCommand } from '../base/client-command.js';
import { PluginClient } from './plugin-client.js';

/**
 * What a plugin's command extends. It has `--json`, `--quiet` and `--context`, the errors and exit codes of all commands, and ends at
 * Ctrl-C. With --json what `run` returns is printed.
 */
export abstract class PluginCommand extends ClientCommand {
  /** Speaks to the coordinator of a context; of the current one by default. Closed at the end of the command. */
  protected async connect(contextName?: string): Promise<PluginClient> {
    const { client } = await this.client(contextName);
    return new PluginClient(client, this.interrupted);
  }
}
