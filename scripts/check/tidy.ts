import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { filesBelow } from './files.js';
import { ROOT, type Part } from './parts.js';

const SOURCE_LINES_MAXIMUM = 350;
/** One list of all there are, which is to stay in one place. */
const LISTS: ReadonlySet<string> = new Set(['src/base/limits.ts']);
const GENERATED = 'src/transport/generated/';
/** This file names what it forbids. */
const SELF = 'scripts/check/tidy.ts';
const PURE = /^src\/(base|domain|sync)\/|^src\/events\/(catalogue|codec|chain)(\/|\.ts$)/;
const REAL_WORLD = /^(src\/(runtime|cli)|test|bench|scripts|bin)\//;

const BANNED_TEXT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\b(?:TODO|FIXME|XXX|HACK)\b/, 'unfinished work belongs in an issue'],
  [/@ts-(?:ignore|nocheck|expect-error)/, 'types are not switched off'],
  [/(?:eslint|oxlint)-disable|biome-ignore/, 'rules are not switched off in place'],
  [/\/work\/(?:main|shared)\b|\/tmp\/brief\b/, 'a path of one machine'],
];
const PURE_NAMES = new Set([
  'Date',
  'Promise',
  'performance',
  'process',
  'Buffer',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'crypto',
]);
const TEST_ESCAPES = new Set(['skip', 'only', 'todo', 'skipIf', 'runIf', 'fails']);
const TEST_NAMES = new Set(['it', 'test', 'describe', 'suite']);

/** What the other tools do not see: length, banned words, swallowed errors, skipped tests, purity. */
export const tidy: Part = {
  name: 'tidy',
  run: async () => [
    ...['src', 'test', 'bench', 'scripts', 'bin'].flatMap((folder) =>
      filesBelow(folder)
        .filter((file) => /\.(?:ts|mjs|js)$/.test(file) && !file.startsWith(GENERATED) && file !== SELF)
        .flatMap(problemsOfSource),
    ),
    ...['docs', 'examples', 'proto']
      .flatMap(filesBelow)
      .filter((file) => /\.(?:md|proto)$/.test(file))
      .flatMap(problemsOfDocument),
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].flatMap(problemsOfDocument),
  ],
};

function problemsOfText(file: string): string[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  return lines.flatMap((line, index) =>
    BANNED_TEXT.filter(([pattern]) => pattern.test(line)).map(
      ([pattern, why]) => `${file}:${index + 1}: ${pattern.exec(line)?.[0]}: ${why}`,
    ),
  );
}

const problemsOfDocument = (file: string): string[] => [...problemsOfText(file), ...deadLinks(file)];

/** Relative links that lead nowhere. */
function deadLinks(file: string): string[] {
  const links = readFileSync(join(ROOT, file), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g);
  return [...links]
    .filter(([, target = '']) => !existsSync(join(ROOT, dirname(file), target)))
    .map(([, target]) => `${file}: dead link ${target}`);
}

function problemsOfSource(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const problems = problemsOfText(file);
  const lineCount = text.split('\n').length - 1;
  if (file.startsWith('src/') && !LISTS.has(file) && lineCount > SOURCE_LINES_MAXIMUM) {
    problems.push(`${file}: ${lineCount} lines, more than ${SOURCE_LINES_MAXIMUM}: one purpose a file`);
  }
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const visit = (node: ts.Node): void => {
    const why = problemOfNode(node, file);
    if (why !== undefined) {
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      problems.push(`${file}:${line}: ${node.getText(source).split('\n')[0]?.slice(0, 60)}: ${why}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
}

function problemOfNode(node: ts.Node, file: string): string | undefined {
  if (ts.isCatchClause(node) && node.block.statements.length === 0) return 'an error is swallowed';
  if (file.startsWith('src/') && isSwallowingCatchCall(node) && !isExplained(node))
    return 'a rejection is swallowed, and no comment above says why';
  if (isDoubleAssertion(node)) return 'a double assertion';
  if (ts.isExportDeclaration(node) && node.exportClause === undefined) return 'exports are named one by one';
  if (
    ts.isNewExpression(node) &&
    node.expression.getText() === 'Date' &&
    (node.arguments ?? []).length === 0 &&
    !REAL_WORLD.test(file)
  ) {
    return 'time comes through the Clock port';
  }
  if (file.startsWith('test/')) return problemOfTest(node);
  return PURE.test(file) ? problemOfPure(node) : undefined;
}

/** `as unknown as Something` and its like, which switch the type checker off. */
function isDoubleAssertion(node: ts.Node): boolean {
  if (!ts.isAsExpression(node)) return false;
  const inner = withoutParentheses(node.expression);
  return ts.isAsExpression(inner) && ['unknown', 'never', 'any'].includes(inner.type.getText());
}

/** Whether a comment stands on the line above. */
function isExplained(node: ts.Node): boolean {
  const source = node.getSourceFile();
  const line = source.getLineAndCharacterOfPosition(node.getStart()).line;
  return /^\s*(?:\/\/|\*|\/\*)/.test(source.text.split('\n')[line - 1] ?? '');
}

const withoutParentheses = (node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) ? withoutParentheses(node.expression) : node;

/** `.catch(() => undefined)` and its like. */
function isSwallowingCatchCall(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression) || node.expression.name.text !== 'catch')
    return false;
  const handler = node.arguments[0];
  if (handler === undefined || !(ts.isArrowFunction(handler) || ts.isFunctionExpression(handler))) return false;
  if (ts.isBlock(handler.body)) return handler.body.statements.length === 0;
  return handler.body.getText() === 'undefined' || handler.body.getText() === 'null';
}

function problemOfTest(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && TEST_ESCAPES.has(node.name.text)) {
    const target = node.expression.getText().split('.')[0] ?? '';
    if (TEST_NAMES.has(target)) return 'every test runs, every time';
  }
  if (ts.isPropertyAssignment(node) && ['retry', 'repeats'].includes(node.name.getText()) && isTestOption(node)) {
    return 'a test that needs a second try is wrong';
  }
  return undefined;
}

function isTestOption(node: ts.PropertyAssignment): boolean {
  const call = node.parent.parent;
  return ts.isCallExpression(call) && TEST_NAMES.has(call.expression.getText().split('.')[0] ?? '');
}

function problemOfPure(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) return 'pure parts are synchronous';
  if (!ts.isIdentifier(node)) return undefined;
  const isMember = ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
  const isLabel = (ts.isPropertyAssignment(node.parent) || ts.isPropertySignature(node.parent)) && node.parent.name === node;
  return !isMember && !isLabel && PURE_NAMES.has(node.text) ? 'pure parts do not touch the world' : undefined;
}
