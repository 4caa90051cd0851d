import { Flags } from '@oclif/core';
import { EXIT, type CollectiveError } from '../../base/index.js';
import type { Logger } from '../../ports/index.js';
import { BaseCommand, logLevel } from './base-command.js';

export interface Daemon {
  /** Resolves when it serves; what it resolves to stands in the ready line. */
  start(signal: AbortSignal): Promise<{ readonly line: string; readonly fields: Readonly<Record<string, unknown>> }>;
  /** Resolves with the reason when it cannot go on. */
  readonly failed?: Promise<CollectiveError>;
  stop(): Promise<void>;
}

/** A command that runs until it is told to stop, in the foreground. Ready: one line on stdout. Log lines: stderr. */
export abstract class DaemonCommand extends BaseCommand {
  static override baseFlags = {
    ...BaseCommand.baseFlags,
    'log-level': Flags.string({
      options: ['debug', 'info', 'warn', 'error'],
      env: 'COLLECTIVE_LOG',
      description: 'How much to log. Default: info.',
      helpGroup: 'GLOBAL',
    }),
  };

  protected override get endsWithItsReader(): boolean {
    return false;
  }

  /** JSON, one object a line; on a terminal, for people. */
  protected async daemonLogger(level: string | undefined, fields: Readonly<Record<string, unknown>>): Promise<Logger> {
    const { createLogger } = await import('../compose/logger.js');
    return createLogger({ level: logLevel(level, 'info'), fields });
  }

  /** Runs it until SIGTERM or SIGINT, or until it fails, which is thrown. A second signal ends the process at once. */
  protected async serve(daemon: Daemon, logger: Logger): Promise<void> {
    const stopping = untilAbort(this.interrupted);
    try {
      const { line, fields } = await daemon.start(this.interrupted);
      if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, ...fields })}\n`);
      else this.log(line);
      const failure = await Promise.race([stopping, daemon.failed ?? stopping]);
      if (failure !== undefined) throw failure;
      logger.info('stopping');
    } finally {
      await daemon.stop();
    }
    logger.info('stopped');
    process.exitCode = EXIT.ok;
  }
}

function untilAbort(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
