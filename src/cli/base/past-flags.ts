import { Flags } from '@oclif/core';
import { CollectiveError } from '../../base/index.js';
import type { Past } from '../../client/index.js';
import { momentFlag } from './times.js';

/** Which of the things that stood at a path, and how it was. */
export const pastFlags = {
  version: Flags.integer({
    min: 1,
    description: 'This version; see collective versions.',
    helpValue: 'NUMBER',
    exclusive: ['at'],
  }),
  at: momentFlag({ description: 'As it was at a time: 2026-11-22T15:04, or 7d for seven days ago.' }),
  id: Flags.string({ description: 'Which of several files that stood there one after another.', helpValue: 'ID' }),
};

export const onlyOne = (): CollectiveError =>
  new CollectiveError('USAGE', '--version, --at and --id are of one file.', { next: 'Name that file alone.' });

/** Undefined where none of the flags was given. */
export function pastOf(flags: {
  readonly version: number | undefined;
  readonly at: number | undefined;
  readonly id: string | undefined;
}): Past | undefined {
  const { version, at, id } = flags;
  if (version === undefined && at === undefined && id === undefined) return undefined;
  return { version, atMs: at, fileId: id };
}
