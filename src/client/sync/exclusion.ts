import { CollectiveError, LIMITS } from '../../base/index.js';

/** Whether what stands at that path, relative to the top of the tree, is left out of a sync. */
export type Exclusion = (path: string, isDirectory: boolean) => boolean;

/**
 * Patterns as rsync and git know them: `*` and `?` stop at a slash, `**` does not, `[a-z]` and `[!a-z]` stand for one character.
 * One without a slash is for the last name of a path, wherever that is; any other is for the whole path; one with a slash at its
 * end is for folders only. Error: USAGE.
 */
export function exclusionOf(patterns: readonly string[]): Exclusion {
  if (patterns.length > LIMITS.exclusionPatterns) {
    throw new CollectiveError('USAGE', `There are more than ${LIMITS.exclusionPatterns} patterns to leave out.`);
  }
  const rules = patterns.map(ruleOf);
  return (path, isDirectory) => rules.some((rule) => rule(path, isDirectory));
}

function ruleOf(pattern: string): Exclusion {
  const foldersOnly = pattern.endsWith('/');
  const body = pattern.replace(/\/+$/, '');
  const anywhere = !body.includes('/');
  const matcher = matcherOf(body.replace(/^\/+/, ''), pattern);
  return (path, isDirectory) => {
    if (foldersOnly && !isDirectory) return false;
    return matcher.test(anywhere ? path.slice(path.lastIndexOf('/') + 1) : path);
  };
}

const TOKEN = /\*\*\/|\*+|\?|\[[!^]?\]?[^\]/]*\]|[\s\S]/gu;

function matcherOf(glob: string, pattern: string): RegExp {
  if (glob === '' || pattern.length > LIMITS.exclusionPatternLength) throw unusable(pattern);
  const source = (glob.match(TOKEN) ?? []).map(expressionOf).join('');
  try {
    return new RegExp(`^${source}$`, 'su');
  } catch (error) {
    throw unusable(pattern, error);
  }
}

function expressionOf(token: string): string {
  if (token === '**/') return '(?:.*/)?';
  if (token === '?') return '[^/]';
  if (token.startsWith('**')) return '.*';
  if (token.startsWith('*')) return '[^/]*';
  if (token.length > 2 && token.startsWith('[')) {
    const inverted = token[1] === '!' || token[1] === '^';
    const members = token.slice(inverted ? 2 : 1, -1).replace(/[\\[\]^&~|]/g, '\\$&');
    return inverted ? `[^/${members}]` : `[${members}]`;
  }
  return token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

const unusable = (pattern: string, cause?: unknown): CollectiveError =>
  new CollectiveError('USAGE', `${JSON.stringify(pattern)} is no pattern of names.`, {
    next: "Write it like '*.tmp', 'cache/' or 'photos/**/raw'.",
    cause,
  });
