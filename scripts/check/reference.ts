import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_KINDS, EXIT, formatDuration, LIMITS } from '../../src/base/index.js';
import { ROOT, type Part } from './parts.js';

/** The documents that are made from the source, and how. */
const DOCUMENTS: readonly { readonly path: string; readonly make: () => string }[] = [
  { path: 'docs/LIMITS.md', make: limitsDocument },
  { path: 'docs/ERRORS.md', make: errorsDocument },
];

export const referenceIsCurrent: Part = {
  name: 'docs: made from the source, up to date',
  run: async () =>
    DOCUMENTS.filter(({ path, make }) => readOrNothing(path) !== make()).map(({ path }) => `${path} is stale: run npm run docs`),
};

export function writeReference(): void {
  mkdirSync(join(ROOT, 'docs'), { recursive: true });
  for (const { path, make } of DOCUMENTS) writeFileSync(join(ROOT, path), make());
}

const NOTICE = (source: string): string => `<!-- Made from ${source} by \`npm run docs\`. Do not edit. -->\n`;

function limitsDocument(): string {
  const lines = ['# Limits', '', NOTICE('src/base/limits.ts')];
  lines.push(
    'Everything that could grow has a limit, and all of them are here. What goes past one is refused with a clear error',
  );
  lines.push('(mostly `LIMIT_EXCEEDED`, see [ERRORS.md](ERRORS.md)), never cut short and never left to fill the memory.');
  const values = new Map<string, number>(Object.entries(LIMITS));
  for (const { comment, entries } of readEntries('src/base/limits.ts', 'LIMITS')) {
    lines.push('', `## ${sentence(comment)}`, '', '| what | limit | name in the source |', '|---|---:|---|');
    for (const { key, comment: meaning } of entries) {
      lines.push(
        `| ${words(key)}${meaning === '' ? '' : `: ${meaning}`} | ${formatLimit(key, values.get(key) ?? 0)} | \`${key}\` |`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function errorsDocument(): string {
  const lines = ['# Errors', '', NOTICE('src/base/errors.ts')];
  lines.push(
    'Every failure has a stable code, a sentence for people, and where it helps the next thing to do. With `--json` it is',
  );
  lines.push(
    'an object `error` on stdout with `code`, `message`, `next` and `details`; the exit code is the same with and without it.',
  );
  lines.push('', '## Codes', '', '| code | meaning | exit | gRPC status | errno | retry |', '|---|---|---:|---|---|---|');
  const meanings = commentsOf('src/base/errors.ts', 'ERROR_KINDS');
  for (const [code, { exit, grpc, errno, retryable }] of Object.entries(ERROR_KINDS)) {
    lines.push(`| \`${code}\` | ${meaning(meanings, code)} | ${exit} | ${grpc} | ${errno} | ${retryable ? 'may help' : 'no'} |`);
  }
  lines.push('', '## Exit codes', '', '| exit | meaning |', '|---:|---|');
  const exits = commentsOf('src/base/errors.ts', 'EXIT');
  for (const [name, exit] of Object.entries(EXIT)) lines.push(`| ${exit} | ${meaning(exits, name)} |`);
  return `${lines.join('\n')}\n`;
}

interface Group {
  readonly comment: string;
  readonly entries: { readonly key: string; readonly comment: string }[];
}

/** The keys of an exported object literal as its source groups them: `// group` lines, and the docstring above a key. */
function readEntries(path: string, name: string): readonly Group[] {
  const source = readFileSync(join(ROOT, path), 'utf8');
  const body = new RegExp(`export const ${name} = \\{\\n(.*?)\\n\\} as const`, 's').exec(source)?.[1];
  if (body === undefined) throw new Error(`${path} has no export const ${name} = { ... } as const`);
  const groups: Group[] = [];
  for (const [, group, docstring, key] of body.matchAll(/^ {2}\/\/ ([^\n]+)$|^ {2}(?:\/\*\* ([\s\S]+?) \*\/\n {2})?(\w+):/gm)) {
    if (group !== undefined) groups.push({ comment: group, entries: [] });
    if (key === undefined) continue;
    if (groups.length === 0) groups.push({ comment: '', entries: [] });
    groups.at(-1)?.entries.push({ key, comment: (docstring ?? '').replaceAll(/\s*\n\s*\*?\s*/g, ' ') });
  }
  return groups;
}

function commentsOf(path: string, name: string): ReadonlyMap<string, string> {
  return new Map(readEntries(path, name).flatMap(({ entries }) => entries.map(({ key, comment }) => [key, comment])));
}

function meaning(comments: ReadonlyMap<string, string>, key: string): string {
  const comment = comments.get(key);
  if (comment === undefined || comment === '')
    throw new Error(`src/base/errors.ts: ${key} needs a docstring that says what it means`);
  return comment;
}

function formatLimit(key: string, value: number): string {
  const number = value.toLocaleString('en-US');
  if (key.endsWith('Ms')) return formatDuration(value);
  if (!/Bytes/.test(key)) return number;
  for (const [unit, bytes] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (value % bytes === 0) return `${value / bytes} ${unit}`;
  }
  return `${number} bytes`;
}

/** `openUploadsPerClient` as words, without the unit, which stands with the number. */
const words = (key: string): string =>
  key
    .replace(/Ms$/, '')
    .replace('Bytes', '')
    .replaceAll(/([A-Z])/g, ' $1')
    .toLowerCase();

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
