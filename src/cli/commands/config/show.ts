import { BaseCommand } from '../../base/base-command.js';
import { contextFlag } from '../../base/flags.js';
import { printable } from '../../format/printable.js';
import { formatTable } from '../../format/table.js';
import type { EffectiveSetting } from '../../compose/effective-settings.js';

export default class ConfigShow extends BaseCommand {
  static override summary = 'Show which settings are in force here, and where each comes from.';
  static override description =
    'Of the program, of the chosen context, and of the coordinators and nodes of this user on this machine. Keys, certificates ' +
    'and passphrases are never shown.';
  static override flags = { context: contextFlag };

  async run(): Promise<{ readonly settings: readonly EffectiveSetting[] }> {
    const { flags } = await this.parse(ConfigShow);
    const { createWorld } = await import('../../compose/world.js');
    const { effectiveSettings } = await import('../../compose/effective-settings.js');
    const settings = await effectiveSettings(createWorld(await this.logger()), {
      configDirectory: this.config.configDir,
      dataDirectory: this.config.dataDir,
      contextFlag: flags.context,
      environment: process.env,
    });
    this.log(
      formatTable(
        [{ title: 'OF' }, { title: 'SETTING' }, { title: 'VALUE' }, { title: 'FROM' }],
        settings.map(({ of, name, setting, value, source }) => [
          name === undefined ? of : `${of} ${name}`,
          setting,
          printable(typeof value === 'object' ? value.join(', ') : String(value)),
          printable(source),
        ]),
      ),
    );
    return { settings };
  }
}
