import { Args, Flags } from '@oclif/core';

export const memberArg = { member: Args.string({ required: true, ignoreStdin: true, description: 'Its name or id.' }) };

export const noteFlag = { note: Flags.string({ default: '', description: 'Why, for the log.', helpValue: 'TEXT' }) };
