import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberId, NodeId } from '../../../src/base/index.js';
import {
  type Candidate,
  checkSpreadRoom,
  type MemberCandidate,
  planSpread,
  type SharedChunk,
} from '../../../src/domain/index.js';
import { chunkId, nodeId } from '../projections/support.js';

const nodeIdOf = (index: number): NodeId => nodeId(`node ${index}`);
const memberIdOf = (index: number): MemberId => `member${index}`.padEnd(52, 'a') as MemberId;

const candidates = fc.array(fc.record({ freeBytes: fc.nat(400), domain: fc.nat(2) }), { maxLength: 4 }).map((rows) =>
  rows.map(
    ({ freeBytes, domain }, index): Candidate => ({
      nodeId: nodeIdOf(index),
      name: `n${index}`,
      failureDomain: domain === 0 ? '' : `d${domain}`,
      freeBytes,
    }),
  ),
);
const members = fc
  .array(fc.nat(400), { maxLength: 4 })
  .map((rows) =>
    rows.map((freeBytes, index): MemberCandidate => ({ memberId: memberIdOf(index), name: `m${index}`, freeBytes })),
  );
const subset = <Id>(idOf: (index: number) => Id): fc.Arbitrary<Id[]> =>
  fc.uniqueArray(fc.nat(3), { maxLength: 3 }).map((indexes) => indexes.map(idOf));
const chunks = fc
  .array(
    fc.record({
      lengthBytes: fc.integer({ min: 1, max: 100 }),
      holders: subset(nodeIdOf),
      members: subset(memberIdOf),
      refusedBy: subset(memberIdOf),
    }),
    { maxLength: 8 },
  )
  .map((rows) => rows.map((row, index): SharedChunk => ({ ...row, chunkId: chunkId(`chunk ${index}`) })));
const requests = fc
  .record({ chunks, candidates, members, copies: fc.integer({ min: 1, max: 5 }), slack: fc.nat(4), avoided: subset(nodeIdOf) })
  .map(({ slack, avoided, ...rest }) => ({
    ...rest,
    minimumCopies: Math.max(1, rest.copies - slack),
    unusable: [],
    avoid: new Set(avoided),
  }));

describe('spreading copies over own nodes and members', () => {
  it('no member and no node gets two copies of a chunk, and there are never more copies than wanted nor fewer than enough', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const planned = planSpread(request);
        if (!planned.ok) return;
        for (const { nodeIds, memberIds } of planned.value) {
          expect(new Set(nodeIds).size).toBe(nodeIds.length);
          expect(new Set(memberIds).size).toBe(memberIds.length);
          expect(nodeIds.length + memberIds.length).toBeLessThanOrEqual(request.copies);
          expect(nodeIds.length + memberIds.length).toBeGreaterThanOrEqual(request.minimumCopies);
        }
      }),
    );
  });

  it('nobody gets more than is left: neither of a pledge nor of a disk', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const planned = planSpread(request);
        if (!planned.ok) return;
        const given = new Map<string, number>();
        planned.value.forEach(({ nodeIds, memberIds }, index) => {
          const chunk = request.chunks[index];
          if (chunk === undefined) return;
          const fresh = [
            ...nodeIds.filter((id) => !chunk.holders.includes(id)),
            ...memberIds.filter((id) => !chunk.members.includes(id)),
          ];
          for (const id of fresh) given.set(id, (given.get(id) ?? 0) + chunk.lengthBytes);
        });
        for (const { nodeId, freeBytes } of request.candidates) expect(given.get(nodeId) ?? 0).toBeLessThanOrEqual(freeBytes);
        for (const { memberId, freeBytes } of request.members) expect(given.get(memberId) ?? 0).toBeLessThanOrEqual(freeBytes);
      }),
    );
  });

  it('a second own node is taken only where members with room are too few, and who refused a chunk is not asked for it', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const planned = planSpread(request);
        if (!planned.ok) return;
        const left = new Map(request.members.map(({ memberId, freeBytes }) => [memberId, freeBytes]));
        planned.value.forEach(({ nodeIds, memberIds }, index) => {
          const chunk = request.chunks[index];
          if (chunk === undefined) return;
          for (const id of memberIds) expect(chunk.refusedBy).not.toContain(id);
          const willing = [...left].filter(
            ([id, bytes]) => !chunk.refusedBy.includes(id) && (chunk.members.includes(id) || bytes >= chunk.lengthBytes),
          );
          if (nodeIds.length > 1) expect(memberIds.length).toBe(Math.min(willing.length, request.copies - 1));
          for (const id of memberIds) {
            if (!chunk.members.includes(id)) left.set(id, (left.get(id) ?? 0) - chunk.lengthBytes);
          }
        });
      }),
    );
  });

  it('room for a whole upload counts what is left of disks and pledges, and never a member that is away', () => {
    const room = {
      bytes: 100,
      copies: 2,
      candidates: [{ name: 'attic', freeBytes: 200 }],
      members: [{ name: 'bob', freeBytes: 100 }],
      unusable: [],
    };
    expect(checkSpreadRoom(room).ok).toBe(true);
    const away = checkSpreadRoom({ ...room, members: [], unusable: [{ name: 'bob', why: 'away' }] });
    expect(away).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_NODES' } });
    expect(away.ok ? '' : away.error.message).toBe(
      'There is no room for 2 copies, each elsewhere, of 100 B: attic has 200 B left, bob is away.',
    );
    expect(away.ok ? '' : away.error.next).toContain('collective pledge list');
    expect(checkSpreadRoom({ ...room, bytes: 101 })).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_SPACE' } });
  });

  it('a plan that is refused names everybody with what is left', () => {
    const planned = planSpread({
      chunks: [{ chunkId: chunkId('big'), lengthBytes: 100, holders: [], members: [], refusedBy: [memberIdOf(1)] }],
      copies: 3,
      minimumCopies: 3,
      candidates: [{ nodeId: nodeIdOf(0), name: 'attic', failureDomain: '', freeBytes: 200 }],
      members: [
        { memberId: memberIdOf(0), name: 'bob', freeBytes: 50 },
        { memberId: memberIdOf(1), name: 'carol', freeBytes: 5000 },
      ],
      unusable: [{ name: 'dave', why: 'away' }],
      avoid: new Set(),
    });
    expect(planned).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_SPACE' } });
    if (planned.ok) return;
    expect(planned.error.message).toContain('bob has 50 B left of its pledge');
    expect(planned.error.message).toContain('carol takes nothing just now');
    expect(planned.error.message).toContain('dave is away');
  });

  it('where members alone do not do, there is one own node for each chunk, or none at all', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const planned = planSpread({ ...request, ownNeeded: true });
        if (!planned.ok) return;
        for (const { nodeIds } of planned.value) expect(nodeIds.length).toBeGreaterThan(0);
      }),
    );
    const chunk = { chunkId: chunkId('chunk'), lengthBytes: 1, holders: [], members: [], refusedBy: [] };
    const member = { memberId: memberIdOf(1), name: 'm1', freeBytes: 10 };
    const request = {
      chunks: [chunk],
      copies: 1,
      minimumCopies: 1,
      candidates: [],
      members: [member],
      unusable: [],
      avoid: new Set<NodeId>(),
    };
    expect(planSpread(request).ok).toBe(true);
    expect(planSpread({ ...request, ownNeeded: true })).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_NODES' } });
  });
});
