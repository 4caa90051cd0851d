import { EXIT } from '../../base/index.js';
import { BaseCommand } from '../base/base-command.js';
import { contextFlag } from '../base/flags.js';
import type { Check } from '../doctor/check.js';
import { paint, type Colour } from '../format/colour.js';
import { printable } from '../format/printable.js';

const WORDS: Readonly<Record<Check['state'], { readonly word: string; readonly colour: Colour }>> = {
  ok: { word: 'OK  ', colour: 'green' },
  warn: { word: 'WARN', colour: 'yellow' },
  fail: { word: 'FAIL', colour: 'red' },
};

export default class Doctor extends BaseCommand {
  static override summary = 'Look for whatever may keep this machine from working, and say what to do about it.';
  static override description =
    'Looks at Node, the context, its key and certificate, the way to the coordinator, the clocks, the way to each node, disks and ' +
    'limits. Changes nothing. Exit code 1 when anything fails; a warning is no failure. With --quiet only what is not all right.';
  static override flags = { context: contextFlag };

  async run(): Promise<{ readonly ok: boolean; readonly checks: readonly Check[] }> {
    const { flags } = await this.parse(Doctor);
    const { examine } = await import('../doctor/examine.js');
    const { createWorld } = await import('../compose/world.js');
    const checks: Check[] = [];
    const found = examine(createWorld(await this.logger()), {
      configDirectory: this.config.configDir,
      dataDirectory: this.config.dataDir,
      contextName: flags.context,
      signal: this.interrupted,
      atEnd: (dispose) => this.atEnd(dispose),
    });
    for await (const check of found) {
      checks.push(check);
      if (check.state !== 'ok' || !flags.quiet) this.#show(check);
    }
    const ok = checks.every(({ state }) => state !== 'fail');
    if (!ok) process.exitCode = EXIT.failed;
    return { ok, checks };
  }

  #show({ state, message, next }: Check): void {
    const { word, colour } = WORDS[state];
    this.log(`${paint(word, colour)}  ${printable(message)}`);
    if (next !== undefined) this.log(`      Next: ${printable(next)}`);
  }
}
