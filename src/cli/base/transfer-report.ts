import { CollectiveError, EXIT, formatDuration, formatSize } from '../../base/index.js';
import type { CollectiveClient, UploadFailure } from '../../client/index.js';
import { type FindingJson, findingJson } from '../format/status.js';

/** One thing that a transfer had to leave out. */
export interface FailureJson {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly next?: string;
}

export interface Failures {
  readonly failures: readonly UploadFailure[];
  readonly failureCount: number;
}

export const failuresJson = ({ failures }: Failures): readonly FailureJson[] =>
  failures.map(({ path, error: { code, message, next } }) => ({ path, code, message, ...(next === undefined ? {} : { next }) }));

/** The one thing that went wrong, if nothing went well; else that some things did, with their exit code if they share one. */
export function transferError({ failures, failureCount }: Failures, done: number): CollectiveError | undefined {
  const [first] = failures;
  if (first === undefined) return undefined;
  if (failureCount === 1 && done === 0) return first.error;
  const code = failures.every(({ error }) => error.code === first.error.code) ? first.error.code : 'IO_FAILED';
  const more = failureCount === 1 ? '1 thing was' : `${failureCount} things were`;
  return new CollectiveError(code, `${more} left out; all else was transferred.`, {
    next: 'Each of them is named above: correct it and run the command again.',
    details: { failures: failureCount },
  });
}

/** One line for each thing that was left out; none where the error of the whole says it. */
export function failureLines({ failures, failureCount }: Failures, done: number): string {
  if (failureCount === 1 && done === 0) return '';
  const lines = failures.map(({ path, error }) => `${path}: ${error.message} (${error.code})\n`);
  if (failureCount > failures.length) lines.push(`... and ${failureCount - failures.length} more.\n`);
  return lines.join('');
}

/** `3 files, 2 folders, 1.5 GB in 3.2 s (460 MB/s)`. */
export function transferLine(report: {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly bytes: number;
  readonly durationMs: number;
}): string {
  const parts = [counted(report.files, 'file')];
  if (report.directories > 0) parts.push(counted(report.directories, 'folder'));
  if (report.symlinks > 0) parts.push(counted(report.symlinks, 'symlink'));
  const rate = Math.round((report.bytes / Math.max(report.durationMs, 1)) * 1000);
  return `${parts.join(', ')}, ${formatSize(report.bytes)} in ${duration(report.durationMs)} (${formatSize(rate)}/s)`;
}

/** `2 copies`; `1 of 2 copies for now` where there were not nodes enough. */
export function copiesText({ copies, fewestCopies }: { readonly copies: number; readonly fewestCopies: number }): string {
  const all = copies === 1 ? '1 copy' : `${copies} copies`;
  return fewestCopies < copies ? `${fewestCopies} of ${all} for now` : all;
}

/**
 * What a folder's policy asks for and what was stored now has not got: too few copies, or too many of them on nodes of the own
 * member. Empty where all is as it should be. With `copies` it was the caller who asked for so many.
 */
export async function unmetFindings(
  client: CollectiveClient,
  asked: { readonly path: string; readonly copies: number },
  report: { readonly filesBelow: number; readonly spread: string },
  signal: AbortSignal,
): Promise<readonly FindingJson[]> {
  const isOwn = asked.path.startsWith('/');
  if (!isOwn || asked.copies > 0 || (report.filesBelow === 0 && report.spread !== 'members')) return [];
  return (await client.copies.showPolicy(asked.path, signal)).findings.map(findingJson);
}

/** What to tell of it, in lines; empty: nothing. */
export function unmetText(filesBelow: number, findings: readonly FindingJson[]): string {
  const [first] = findings;
  if (filesBelow === 0) return first?.code === 'spread-unmet' ? `${first.message}\nNext: ${first.next}` : '';
  const files = filesBelow === 1 ? '1 file has' : `${filesBelow} files have`;
  const them = filesBelow === 1 ? 'it' : 'them';
  const why = first === undefined ? '' : ` ${first.message}`;
  const next = first === undefined ? 'See what is missing: collective status' : first.next;
  return `${files} fewer copies than wanted.${why}\nNext: ${next}; then put ${them} again.`;
}

const counted = (count: number, word: string): string => (count === 1 ? `1 ${word}` : `${count} ${word}s`);

const duration = (durationMs: number): string =>
  durationMs >= 60_000 ? formatDuration(durationMs) : `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 1)} s`;

export const exitCodeOf = (error: CollectiveError | undefined): number => error?.exitCode ?? EXIT.ok;
