import { Command, Flags } from '@oclif/core';
import { EXIT, isCollectiveError, CollectiveError } from '../../base/index.js';
import type { Logger } from '../../ports/index.js';
import { SILENT_LOGGER } from './silent-logger.js';
import { asCollectiveError, errorJson, errorText, type ErrorJson } from './report-error.js';

/** What every command has: --json, --quiet, errors that tell what to do next, exit codes that mean something, Ctrl-C. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    quiet: Flags.boolean({ char: 'q', description: 'Print nothing but errors and what was asked for.', helpGroup: 'GLOBAL' }),
  };

  /** What people are told after Ctrl-C. */
  protected readonly whenInterrupted: string = 'Interrupted: what was not finished is not kept.';
  readonly #interrupt = new AbortController();
  readonly #disposals: (() => Promise<void> | void)[] = [];
  readonly #onOutputError = (error: Error): void => {
    if (!('code' in error) || error.code !== 'EPIPE') throw error;
    this.#readerLeft = true;
    if (this.endsWithItsReader) this.#interrupt.abort();
  };
  #readerLeft = false;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#interrupt.signal.aborted) process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.failed);
    this.#interrupt.abort();
  };

  /** Aborts at the first Ctrl-C or SIGTERM; the second ends the process at once. */
  protected get interrupted(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Whether there is nothing left to do once nobody reads standard output any more. */
  protected get endsWithItsReader(): boolean {
    return true;
  }

  /** Whether people watch, to whom progress and questions may be shown. */
  protected get interactive(): boolean {
    const { CI, TERM } = process.env;
    return process.stderr.isTTY === true && !this.jsonEnabled() && !this.#quiet && CI === undefined && TERM !== 'dumb';
  }

  /** Whether what is printed may be drawn over: a terminal that knows how. */
  protected get drawsScreens(): boolean {
    return process.stdout.isTTY === true && process.env['TERM'] !== 'dumb' && !this.jsonEnabled();
  }

  get #quiet(): boolean {
    return this.argv.includes('--quiet') || this.argv.includes('-q');
  }

  /** Runs at the end of the command, also after a failure; the last one first. */
  atEnd(dispose: () => Promise<void> | void): void {
    this.#disposals.push(dispose);
  }

  /** Log lines of the command itself: silent unless COLLECTIVE_LOG asks for them. */
  protected async logger(): Promise<Logger> {
    const level = logLevel(process.env['COLLECTIVE_LOG'], 'silent');
    if (level === 'silent') return SILENT_LOGGER;
    const { createLogger } = await import('../compose/logger.js');
    return createLogger({ level });
  }

  /** A line for people, left out when --quiet or --json. */
  protected say(line: string): void {
    if (!this.#quiet) this.log(line);
  }

  /** What went wrong beside what was asked for: on standard error, left out when --quiet or --json. */
  protected warnAside(line: string): void {
    const quiet = this.argv.includes('--quiet') || this.argv.includes('-q');
    if (!quiet && !this.jsonEnabled()) process.stderr.write(`Warning: ${line}\n`);
  }

  /** The result of a command that did part of its work: tells what it could not do, and sets the exit code. */
  protected finish<Result extends object>(
    result: Result,
    outcome: { readonly error: CollectiveError | undefined; readonly lines: string },
  ): Result | (Result & ErrorJson) {
    const { error, lines } = outcome;
    if (error === undefined) return result;
    process.exitCode = error.exitCode;
    if (!this.jsonEnabled()) process.stderr.write(`${lines}${errorText(error)}`);
    return { ...result, ...errorJson(error) };
  }

  protected override async init(): Promise<void> {
    await super.init();
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
    process.stdout.on('error', this.#onOutputError);
  }

  protected override async catch(thrown: Error): Promise<void> {
    if ('oclif' in thrown && 'code' in thrown && thrown.code === 'EEXIT') throw thrown;
    // oclif warns of commands that do not parse; this one did, and what it was given was wrong.
    this.parsed = true;
    const known = await asCollectiveError(thrown, Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags }));
    // As with cat: who reads only the beginning wants no more, and nothing failed.
    if (known.code === 'CANCELLED' && this.#readerLeft && this.endsWithItsReader) return;
    const found = await this.explained(known);
    const interrupted = found.code === 'CANCELLED' && this.interrupted.aborted;
    const error = interrupted ? new CollectiveError('CANCELLED', this.whenInterrupted) : found;
    process.exitCode = error.exitCode;
    if (this.jsonEnabled()) this.logJson(this.withAside(errorJson(error)));
    else process.stderr.write(errorText(error));
    if (process.env['COLLECTIVE_LOG'] === 'debug' && !isCollectiveError(thrown)) process.stderr.write(`${thrown.stack ?? ''}\n`);
  }

  /** What --json says besides what the command found, or why it failed. */
  protected withAside(json: object): object {
    return json;
  }

  protected override toSuccessJson(result: unknown): unknown {
    return typeof result === 'object' && result !== null && !Array.isArray(result) ? this.withAside(result) : result;
  }

  /** The error that is told: with what can be found out only now, such as which name was meant. */
  protected explained(error: CollectiveError): Promise<CollectiveError> {
    return Promise.resolve(error);
  }

  protected override async finally(thrown: Error | undefined): Promise<void> {
    for (const dispose of this.#disposals.reverse()) await dispose();
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
    // The listener of standard output stays: what was written last may fail only now.
    await super.finally(thrown);
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
  }
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export function logLevel(text: string | undefined, otherwise: (typeof LEVELS)[number]): (typeof LEVELS)[number] {
  return LEVELS.find((level) => level === text) ?? otherwise;
}
