import { type CollectiveError, isCollectiveError, toCollectiveError } from '../../base/index.js';

/** One thing that was looked at. */
export interface Check {
  /** Stable, such as `clock` or `node-port`. */
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  /** A sentence. */
  readonly message: string;
  /** What to do, where something is to be done. */
  readonly next?: string;
}

export const fine = (check: string, message: string): Check => ({ check, state: 'ok', message });
export const doubtful = (check: string, message: string, next: string): Check => ({ check, state: 'warn', message, next });
export const wrong = (check: string, message: string, next: string): Check => ({ check, state: 'fail', message, next });

/** What an error says, as a check. */
export function failed(check: string, thrown: unknown, otherwise = 'collective status'): Check {
  const { message, next } = isCollectiveError(thrown) ? thrown : asError(thrown);
  return wrong(check, message, next ?? otherwise);
}

const asError = (thrown: unknown): CollectiveError => toCollectiveError(thrown);
