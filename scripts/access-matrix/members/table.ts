import { PORTS } from '../rpcs.js';
import type { MemberCell, MembersMatrix } from './cells.js';
import { MEMBERS } from './people.js';

const SIGNS = { passes: '+', told: '-', closed: '.' } as const;

/** The matrix between members as text: a table a time, and what is wrong, cell by cell. */
export function describeMembers({ credentials, together, parted, faults }: MembersMatrix): string {
  const cells = [...together, ...parted];
  const wrong = cells.filter((cell) => cell.wrong !== undefined);
  const width = Math.max(...credentials.map(({ title }) => title.length)) + 2;
  const table = (of: readonly MemberCell[]): readonly string[] => [
    ' '.repeat(width) + MEMBERS.map((owner) => owner.padEnd(PORTS.length * 4 + 2)).join(''),
    ' '.repeat(width) + MEMBERS.map(() => `${PORTS.map((port) => port.slice(0, 3)).join(' ')}   `).join(''),
    ...credentials.map(
      ({ key, title }) =>
        title.padEnd(width) +
        MEMBERS.map((owner) =>
          PORTS.map((port) =>
            summary(of.filter((cell) => cell.owner === owner && cell.port === port && cell.credential.key === key)).padEnd(3),
          ).join(' '),
        ).join('   '),
    ),
  ];
  return [
    'Who gets through at whose ports, the best of all calls:',
    '  + gets through to a handler   - is answered with a refusal   . is cut off, and the log says why   ! not as meant',
    '',
    'While all have admitted each other:',
    ...table(together),
    '',
    'After alice has suspended bob, and bob has removed carol:',
    ...table(parted),
    '',
    ...wrong.map(
      (cell) =>
        `WRONG ${cell.owner} ${cell.port} ${cell.credential.title}, ${cell.operation.name}: meant ${cell.expected.kind} ` +
        `${cell.expected.code}, but ${cell.wrong ?? ''}`,
    ),
    ...faults.map((fault) => `FAULT ${fault}`),
    `${cells.length} cells, ${cells.length - wrong.length} as intended, ${wrong.length} wrong`,
  ]
    .map((line) => line.trimEnd())
    .join('\n');
}

function summary(cells: readonly MemberCell[]): string {
  if (cells.some(({ wrong }) => wrong !== undefined)) return '!';
  for (const kind of ['passes', 'told', 'closed'] as const) {
    if (cells.some(({ expected }) => expected.kind === kind)) return SIGNS[kind];
  }
  return '?';
}
