import type { Hook } from '@oclif/core';
import { CollectiveError } from '../../base/index.js';
import { nearest } from '../format/nearest.js';

/** Where nobody can be asked what was meant: says it, with the command that comes nearest. */
export const commandNotFound: Hook.CommandNotFound = ({ id, config }) => {
  const visible = config.commands.filter(({ hidden }) => !hidden);
  const topics = topicsOf(config.commandIDs);
  const known = new Set([...visible.flatMap(({ id: name, aliases }) => [name, ...aliases]), ...topics]);
  // What follows a word that is no command may be its argument: the longest beginning that resembles a command counts.
  const words = id.split(':');
  const beginnings = words.map((_, index) => words.slice(0, words.length - index).join(':'));
  const meant = beginnings.map((beginning) => nearest(beginning, known)).find((found) => found !== undefined);
  // The topic is right, and the word behind it is not.
  const withinTopic = meant !== undefined && topics.includes(meant) && id.startsWith(`${meant}:`);
  const wrong = withinTopic
    ? meant.split(':').length + 1
    : (meant?.split(':').length ?? (topics.includes(words[0] ?? '') ? 2 : 1));
  const typed = words.slice(0, wrong).join(' ');
  const suggestion = withinTopic ? `${meant} --help` : meant?.replaceAll(':', ' ');
  throw new CollectiveError('USAGE', `There is no command ${JSON.stringify(typed)}.`, {
    next:
      suggestion === undefined ? `${config.bin} help` : `${withinTopic ? 'See' : 'Did you mean'}: ${config.bin} ${suggestion}`,
    details: { command: typed, ...(suggestion === undefined ? {} : { suggestion }) },
  });
};

const topicsOf = (ids: readonly string[]): readonly string[] =>
  ids.filter((id) => id.includes(':')).map((id) => id.slice(0, id.indexOf(':')));
