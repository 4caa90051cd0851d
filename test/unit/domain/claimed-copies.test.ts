import { expect, it } from 'vitest';
import type { MemberId } from '../../../src/base/index.js';
import { claimOf } from '../../../src/domain/index.js';
import type { PlacementRow } from '../../../src/projections/index.js';
import { nodeId } from '../projections/support.js';

const mallory = 'a'.repeat(52) as MemberId;
const carol = 'b'.repeat(52) as MemberId;
const row: PlacementRow = {
  lengthBytes: 1,
  wantedCopies: 2,
  spread: 'nodes',
  holders: [nodeId('one')],
  members: [],
  lost: [],
  lostMembers: [],
  forfeited: [],
  forfeitedMembers: [],
};

it('of what a member had by the own record its word counts, of anything else no more than what it shows', () => {
  expect(claimOf(mallory, { ...row, lostMembers: [mallory] })).toBe('believed');
  expect(claimOf(mallory, { ...row, forfeitedMembers: [mallory] })).toBe('believed');
  expect(claimOf(mallory, { ...row, lostMembers: [carol], spread: 'members' })).toBe('to-be-shown');
  expect(claimOf(mallory, { ...row, holders: [] })).toBe('to-be-shown');
});

it('what is kept on own nodes alone, and what is on record with it, is not for a member to claim', () => {
  expect(claimOf(mallory, row)).toBe('refused');
  expect(claimOf(mallory, { ...row, holders: [], members: [carol] })).toBe('refused');
  expect(claimOf(mallory, { ...row, members: [mallory], spread: 'members' })).toBe('refused');
});
