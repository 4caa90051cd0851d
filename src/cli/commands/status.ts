import { Flags } from '@oclif/core';
import { CollectiveError, EXIT } from '../../base/index.js';
import type { CollectiveClient } from '../../client/index.js';
import { ClientCommand } from '../base/client-command.js';
import { durationFlag } from '../base/flags.js';
import { screenOf } from '../base/watch.js';
import { asCollectiveError, errorJson } from '../base/report-error.js';
import { statusText } from '../format/status-text.js';
import { statusJson, type StatusJson } from '../format/status.js';

const INTERVAL_DEFAULT_MS = 2000;
const INTERVAL_MIN_MS = 200;
/** Some terminals say that they have none. */
const COLUMNS_MIN = 20;
const ROWS_MIN = 4;

export default class Status extends ClientCommand {
  static override summary = 'Show whether all is well, and if not, why and what to do.';
  static override description =
    'The first line is the health and its cause. The exit code is 0 whenever the coordinator answers: scripts read `health` and ' +
    '`findings` from --json. With --watch it goes on until Ctrl-C: the screen is drawn again, or with --json one object is printed a ' +
    'line; while the coordinator is away it says so and tries again.';
  static override flags = {
    watch: Flags.boolean({ char: 'w', description: 'Show it again and again, until Ctrl-C.' }),
    interval: durationFlag({ description: 'With --watch: how often. Default: 2s.', dependsOn: ['watch'] }),
  };
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --watch --interval 10s'];

  async run(): Promise<StatusJson | undefined> {
    const { flags } = await this.parse(Status);
    const intervalMs = flags.interval ?? INTERVAL_DEFAULT_MS;
    if (intervalMs < INTERVAL_MIN_MS)
      throw new CollectiveError('USAGE', 'That is too often.', { next: 'Write --interval 1s, or at least 200ms.' });
    const { client, context } = await this.client(flags.context);
    const text = (json: StatusJson): string =>
      statusText(json, { nowMs: Date.now(), programVersion: this.config.version, contextName: context.name });
    if (flags.watch) return this.#watch(client, intervalMs, text);
    const json = statusJson(await client.admin.status(this.interrupted));
    this.log(text(json));
    return json;
  }

  async #watch(client: CollectiveClient, intervalMs: number, text: (json: StatusJson) => string): Promise<undefined> {
    const signal = this.interrupted;
    while (!signal.aborted) {
      await this.#showOnce(client, text);
      await untilLater(intervalMs, signal);
    }
    if (this.drawsScreens) process.stdout.write('\n');
    process.exitCode = EXIT.interrupted;
  }

  async #showOnce(client: CollectiveClient, text: (json: StatusJson) => string): Promise<void> {
    const at = new Date().toISOString();
    try {
      const json = statusJson(await client.admin.status(this.interrupted));
      if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify({ time: at, ...json })}\n`);
      else this.#draw(text(json), at);
    } catch (thrown) {
      const error = await asCollectiveError(thrown);
      if (this.interrupted.aborted) return;
      if (!error.retryable) throw error;
      if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify({ time: at, ...errorJson(error) })}\n`);
      else this.#draw(`${error.message}${error.next === undefined ? '' : `\nNext: ${error.next}`}`, at);
    }
  }

  #draw(text: string, at: string): void {
    const shown = `${text}\n\n${at}; Ctrl-C ends it`;
    if (!this.drawsScreens) this.log(`${shown}\n`);
    else {
      const { columns, rows } = process.stdout;
      process.stdout.write(screenOf(shown, { columns: Math.max(columns, COLUMNS_MIN), rows: Math.max(rows, ROWS_MIN) }));
    }
  }
}

/** Resolves after that time, or when the signal aborts. */
const untilLater = (delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
