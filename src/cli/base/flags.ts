import { Flags } from '@oclif/core';
import { accept, CollectiveError, formatDuration, LIMITS, parseDuration, parseSize } from '../../base/index.js';

/** `100G`, `1.5Ti`; in bytes. */
export const sizeFlag = Flags.custom<number>({
  parse: (text) => Promise.resolve(accept(parseSize(text))),
  helpValue: 'SIZE',
});

/** `90s`, `2h`; in milliseconds. */
export const durationFlag = Flags.custom<number>({
  parse: (text) => Promise.resolve(accept(parseDuration(text))),
  helpValue: 'TIME',
});

export const contextFlag = Flags.string({
  char: 'c',
  env: 'COLLECTIVE_CONTEXT',
  description: 'Which member and machine to act as; see collective context list.',
  helpGroup: 'GLOBAL',
  helpValue: 'NAME',
});

/** Of certificates: `30d`; in milliseconds. */
export const lifetimeFlag = Flags.custom<number>({
  parse: (text) => {
    const lifeMs = accept(parseDuration(text));
    if (lifeMs >= LIMITS.leafLifeMinMs && lifeMs <= LIMITS.leafLifeMaxMs) return Promise.resolve(lifeMs);
    throw new CollectiveError(
      'USAGE',
      `Certificates live from ${formatDuration(LIMITS.leafLifeMinMs)} to ${formatDuration(LIMITS.leafLifeMaxMs)}.`,
      {
        next: 'Write such as 30d.',
      },
    );
  },
  helpValue: 'TIME',
});

export const INTRODUCTIONS =
  'whether members whom an admitted member admits are admitted too, or wait for your word. Default: admit.';
