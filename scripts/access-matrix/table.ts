import { type Cell, type Matrix, operationsAt } from './cells.js';
import type { Credential } from './credentials.js';
import type { Operation } from './expectations.js';
import { PORTS } from './rpcs.js';

const SIGNS = { passes: '+', told: '-', closed: '.' } as const;
const COLUMN_WIDTH = 7;

/** The matrix as text: a table a port, the reasons, and what is wrong, cell by cell. */
export function describeMatrix(matrix: Matrix): string {
  const { credentials, cells, faults } = matrix;
  const wrong = cells.filter((cell) => cell.wrong !== undefined);
  return [
    'Who gets through, by port, credential and call:',
    '  + gets through to its handler   - is answered with a refusal   . is cut off, and the log says why   ! is not as meant',
    '',
    ...credentials.map(({ key, title }) => `  ${key.padEnd(COLUMN_WIDTH)} ${title}`),
    ...PORTS.flatMap((port) => ['', `${port} port`, ...tableOf(matrix, port)]),
    '',
    'What the refused are told, or the log about them:',
    ...PORTS.flatMap((port) => ['', `${port} port`, ...reasonsOf(cells.filter((cell) => cell.port === port))]),
    '',
    ...wrong.map(
      (cell) => `WRONG ${cell.port} ${cell.credential.key} ${cell.operation.name}: meant ${meant(cell)}, but ${cell.wrong ?? ''}`,
    ),
    ...faults.map((fault) => `FAULT ${fault}`),
    `${cells.length} cells, ${cells.length - wrong.length} as intended, ${wrong.length} wrong`,
  ].join('\n');
}

function tableOf({ cells, credentials, operations }: Matrix, port: Cell['port']): readonly string[] {
  const width = Math.max(...operations.map((operation) => nameOf(operation).length)) + 2;
  const byPlace = new Map(
    cells.filter((cell) => cell.port === port).map((cell) => [place(cell.credential, cell.operation), cell]),
  );
  return [
    ' '.repeat(width) + credentials.map(({ key }) => key.padEnd(COLUMN_WIDTH)).join(' '),
    ...operationsAt(port).map(
      (operation) =>
        nameOf(operation).padEnd(width) +
        credentials.map((credential) => signOf(byPlace.get(place(credential, operation))).padEnd(COLUMN_WIDTH)).join(' '),
    ),
  ].map((line) => `  ${line.trimEnd()}`);
}

/** Each sentence once, with what differs from one call to the next left out, and the credentials that it is told about. */
function reasonsOf(cells: readonly Cell[]): readonly string[] {
  const told = new Map<string, Set<string>>();
  for (const { credential, attempt, refusal, expected } of cells) {
    if (expected.kind === 'passes') continue;
    const said = refusal ?? (attempt.kind === 'answered' ? { code: attempt.code, reason: attempt.message } : undefined);
    const sentence = said === undefined ? 'nothing' : `${said.code}: ${general(said.reason)}`;
    told.set(sentence, (told.get(sentence) ?? new Set()).add(credential.key));
  }
  return [...told].flatMap(([sentence, keys]) => [`  ${sentence}`, `      ${[...keys].join(' ')}`]);
}

const general = (reason: string): string =>
  reason
    .replace(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
    .replace(/method \/[\w.]+\/\w+/g, 'method ...')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/TIME, .* ago/, 'TIME')
    .replace(/\b[a-z2-7]{52}\b/g, 'MEMBER')
    .replace(/\b(client|node) [a-z2-7]{16}\b/g, '$1 ID')
    .replace(/\bmember [a-z2-7]{8}\b/g, 'member ID');

const place = ({ key }: Credential, operation: Operation): string => `${key} ${operation.name}`;
const nameOf = ({ kind, name }: Operation): string =>
  kind === 'data' ? `chunks: ${name}` : name.replace(/^collective\.v1\./, '');

const signOf = (cell: Cell | undefined): string =>
  cell === undefined ? '?' : cell.wrong === undefined ? SIGNS[cell.expected.kind] : '!';

const meant = ({ expected }: Cell): string =>
  expected.kind === 'passes' ? `to pass (${expected.code})` : `${expected.kind} ${expected.code} ${String(expected.says)}`;
