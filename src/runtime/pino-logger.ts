import type { DestinationStream, Logger as PinoInstance, LoggerOptions as PinoOptions } from 'pino';
import { isCollectiveError } from '../base/index.js';
import type { LogFields, Logger } from '../ports/index.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  /** Default: `info`. */
  readonly level?: LogLevel;
  /** Default: `pretty` on a terminal, else `json`. */
  readonly format?: 'json' | 'pretty';
  /** Fields of every line, such as the role and the node's id. */
  readonly fields?: LogFields;
  /** Default: standard error. */
  readonly destination?: { write(line: string): void };
}

/** Field names whose values never reach a log line, at the top of the fields or up to two levels below. */
export const SECRET_FIELDS = ['secret', 'invite', 'privateKey', 'passphrase', 'ticket', 'authorization'] as const;
const REDACTED_PATHS = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

const STANDARD_ERROR = 2;

/** A logger that writes one line a message, at once: the last line before a crash is there too. */
export async function createLogger(options: LoggerOptions = {}): Promise<Logger> {
  const { default: pino } = await import('pino');
  const settings: PinoOptions = {
    level: options.level ?? 'info',
    base: { pid: process.pid, ...options.fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: (value) => describeError(value), cause: (value) => describeError(value) },
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    messageKey: 'message',
  };
  const pretty = (options.format ?? (process.stderr.isTTY ? 'pretty' : 'json')) === 'pretty';
  const plain = options.destination ?? pino.destination({ fd: STANDARD_ERROR, sync: true });
  const destination: DestinationStream = pretty ? await prettyPrinter(options.destination) : plain;
  return new PinoLogger(pino(settings, destination));
}

async function prettyPrinter(destination: LoggerOptions['destination']): Promise<DestinationStream> {
  const { default: prettyStream, prettyFactory } = await import('pino-pretty');
  const look = { messageKey: 'message', ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' };
  if (destination === undefined) return prettyStream({ ...look, destination: STANDARD_ERROR, sync: true });
  const format = prettyFactory({ ...look, colorize: false });
  return { write: (line) => destination.write(format(line)) };
}

const CAUSES_SHOWN_MAX = 4;

function describeError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const code = 'code' in thrown ? thrown.code : undefined;
  const told = isCollectiveError(thrown) ? { next: thrown.next, details: thrown.details } : {};
  const cause = depth < CAUSES_SHOWN_MAX ? describeError(thrown.cause, depth + 1) : undefined;
  return { name: thrown.name, code, message: thrown.message, ...told, stack: thrown.stack, cause };
}

class PinoLogger implements Logger {
  readonly #pino: PinoInstance;

  constructor(pino: PinoInstance) {
    this.#pino = pino;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#pino.error(fields, message);
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(fields));
  }
}
