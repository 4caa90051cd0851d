import { beforeAll, describe, expect, it } from 'vitest';
import { type MemberCell, type MembersMatrix, runMembersMatrix } from '../../../scripts/access-matrix/members/cells.js';
import { describeMembers } from '../../../scripts/access-matrix/members/table.js';

const PATIENCE_MS = 600_000;

/** Whom a cell lets through to a handler or a ticket, in words. */
const passing = (cells: readonly MemberCell[], port: MemberCell['port']): readonly string[] => [
  ...new Set(
    cells
      .filter((cell) => cell.port === port && cell.expected.kind === 'passes' && cell.wrong === undefined)
      .map(({ owner, credential }) => `${credential.title} at ${owner}`),
  ),
];

describe('three members who have admitted each other', () => {
  let matrix: MembersMatrix;
  beforeAll(async () => {
    matrix = await runMembersMatrix('short');
  }, PATIENCE_MS);

  it('let nobody in but whom they should, at every port, whoever signed the certificate', () => {
    expect(describeMembers(matrix)).toMatch(/\n\d+ cells, \d+ as intended, 0 wrong$/);
    expect(matrix.faults).toEqual([]);
  });

  it('take each other only as coordinators, on the peer port, and each only by its own CA', () => {
    const { together, parted } = matrix;
    const members = ['alice', 'bob', 'carol'];
    const pairs = members.flatMap((owner) =>
      members.filter((name) => name !== owner).map((name) => `coordinator of ${name}, by the CA of ${name} at ${owner}`),
    );
    expect(new Set(passing(together, 'peer'))).toEqual(new Set(pairs));
    expect(passing(together, 'home').every((who) => /^(\w+) of (\w+), by the CA of \2 at \2$/.test(who))).toBe(true);
    const cut = ['coordinator of bob, by the CA of bob at alice', 'coordinator of carol, by the CA of carol at bob'];
    expect(new Set(passing(parted, 'peer'))).toEqual(new Set(pairs.filter((pair) => !cut.includes(pair))));
  });
});
