import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/base/index.js';
import { checkRoom, planPlacement, roomFor, type Candidate, type PlannedChunk } from '../../../src/domain/index.js';
import { chunkId, nodeId } from '../projections/support.js';

const GB = 1_000_000_000;
const candidate = (name: string, change: Partial<Candidate> = {}): Candidate => ({
  nodeId: nodeId(name),
  name,
  failureDomain: '',
  freeBytes: 100 * GB,
  ...change,
});
const chunk = (name: string, change: Partial<PlannedChunk> = {}): PlannedChunk => ({
  chunkId: chunkId(name),
  lengthBytes: 1_000_000,
  holders: [],
  ...change,
});
const chunks = (count: number): readonly PlannedChunk[] => Array.from({ length: count }, (_, index) => chunk(`chunk ${index}`));

type Request = Parameters<typeof planPlacement>[0];
const plan = (request: Partial<Request>) =>
  planPlacement({ chunks: [chunk('a')], copies: 2, candidates: [], unusable: [], avoid: new Set(), ...request });
const plans = (request: Partial<Request>) => {
  const planned = plan(request);
  if (!planned.ok) throw planned.error;
  return planned.value;
};

describe('a placement', () => {
  test('gives every chunk as many distinct nodes as copies, never one without room', () => {
    const candidates = fc.uniqueArray(
      fc.record({ name: fc.string(), freeBytes: fc.integer({ min: 0, max: 40 }), domain: fc.integer({ max: 2, min: 0 }) }),
      {
        selector: ({ name }) => name,
        minLength: 1,
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(
        candidates,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }),
        (nodes, copies, sizes) => {
          const planned = plan({
            chunks: sizes.map((lengthBytes, index) => chunk(`${index}`, { lengthBytes })),
            copies,
            candidates: nodes.map(({ name, freeBytes, domain }) =>
              candidate(name, { freeBytes, failureDomain: domain === 0 ? '' : `house ${domain}` }),
            ),
          });
          if (!planned.ok) return;
          const used = new Map<NodeId, number>();
          for (const [index, { nodeIds, held }] of planned.value.entries()) {
            expect([new Set(nodeIds).size, held]).toEqual([copies, 0]);
            for (const id of nodeIds) used.set(id, (used.get(id) ?? 0) + (sizes[index] ?? 0));
          }
          for (const { name, freeBytes } of nodes) expect(used.get(nodeId(name)) ?? 0).toBeLessThanOrEqual(freeBytes);
        },
      ),
    );
  });

  test('takes other failure domains before the same one', () => {
    const candidates = [
      candidate('a', { failureDomain: 'house', freeBytes: 1000 * GB }),
      candidate('b', { failureDomain: 'house', freeBytes: 1000 * GB }),
      candidate('c', { failureDomain: 'shed', freeBytes: 1 * GB }),
    ];
    for (const { nodeIds } of plans({ chunks: chunks(100), candidates })) expect(nodeIds).toContain(nodeId('c'));
    expect(plans({ candidates: candidates.slice(0, 2) })).toHaveLength(1);
  });

  test('follows free space, and moves only what it must when a node comes', () => {
    const before = [candidate('a'), candidate('b'), candidate('c', { freeBytes: 300 * GB })];
    const of = (candidates: readonly Candidate[]) =>
      plans({ chunks: chunks(2000), copies: 1, candidates }).map(({ nodeIds }) => nodeIds[0]);
    const placed = of(before);
    const share = placed.filter((id) => id === nodeId('c')).length / placed.length;
    expect(share).toBeGreaterThan(0.54);
    expect(share).toBeLessThan(0.66);
    const after = of([...before, candidate('d')]);
    const moved = after.filter((id, index) => id !== placed[index]);
    expect(moved.every((id) => id === nodeId('d'))).toBe(true);
    expect(of(before)).toEqual(placed);
  });

  test('counts on those that hold a chunk already, first and without room of theirs', () => {
    const candidates = [candidate('a'), candidate('b'), candidate('full', { freeBytes: 0 })];
    const [planned] = plans({ chunks: [chunk('x', { holders: [nodeId('full'), nodeId('gone')] })], candidates });
    expect(planned?.nodeIds[0]).toBe(nodeId('full'));
    expect([planned?.held, planned?.nodeIds.length]).toEqual([1, 2]);
  });

  test('does without the nodes to avoid while it can', () => {
    const candidates = [candidate('a'), candidate('b'), candidate('c')];
    const avoiding = plans({ chunks: chunks(50), candidates, avoid: new Set([nodeId('a')]) });
    expect(avoiding.flatMap(({ nodeIds }) => nodeIds)).not.toContain(nodeId('a'));
    expect(plans({ candidates: candidates.slice(0, 2), avoid: new Set([nodeId('a')]) })[0]?.nodeIds).toHaveLength(2);
  });

  test('that needs more nodes than there are names what is missing', () => {
    const planned = plan({
      copies: 3,
      candidates: [candidate('a')],
      unusable: [
        { name: 'b', why: 'offline' },
        { name: 'c', why: 'full' },
      ],
    });
    expect(planned).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_NODES', details: { copies: 3, usable: 1 } } });
    const message = planned.ok ? '' : planned.error.message;
    for (const part of ['3 copies', '1 node', 'a', 'b is offline', 'c is full']) expect(message).toContain(part);
  });

  test('that would have nodes enough, were none of them full, lacks space', () => {
    const planned = plan({
      candidates: [candidate('a')],
      unusable: [
        { name: 'b', why: 'full' },
        { name: 'c', why: 'offline' },
      ],
    });
    expect(planned).toMatchObject({
      ok: false,
      error: { code: 'NOT_ENOUGH_SPACE', message: 'There is no room for 2 copies: b is full.' },
    });
  });

  test('that needs more space than there is names the nodes and what they have left', () => {
    const candidates = [candidate('a', { freeBytes: 5 * GB }), candidate('b', { freeBytes: 999 })];
    const planned = plan({ chunks: [chunk('x', { lengthBytes: 1000 })], candidates });
    expect(planned).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_SPACE' } });
    const message = planned.ok ? '' : planned.error.message;
    for (const part of ['a has 5.00 GB', 'b has 999 B']) expect(message).toContain(part);
  });
});

describe('room for what is to come', () => {
  const room = (bytes: number, copies: number, free: readonly number[]) => {
    const checked = checkRoom(
      { bytes, copies },
      free.map((freeBytes, index) => candidate(`${index}`, { freeBytes })),
      [],
    );
    return checked.ok ? 'enough' : checked.error.code;
  };

  test('is what distinct nodes can take, not what one of them could', () => {
    expect(room(10, 2, [10, 10])).toBe('enough');
    expect(room(10, 2, [1000, 9])).toBe('NOT_ENOUGH_SPACE');
    expect(room(10, 2, [10, 5, 5])).toBe('enough');
    expect(room(10, 2, [1000])).toBe('NOT_ENOUGH_NODES');
    expect(room(10, 3, [10, 10, 9])).toBe('NOT_ENOUGH_SPACE');
  });
});

describe('a placement where fewer copies are enough for now', () => {
  const [a, b] = [candidate('a'), candidate('b')];

  test('takes what there is, down to that number', () => {
    expect(plans({ minimumCopies: 1, candidates: [a] })).toEqual([{ nodeIds: [a.nodeId], held: 0 }]);
    expect(plans({ minimumCopies: 1, candidates: [a, b] })[0]?.nodeIds).toHaveLength(2);
    expect(plan({ minimumCopies: 1, candidates: [] })).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_NODES' } });
    expect(plan({ candidates: [a] })).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_NODES' } });
  });

  test('does not fail because all but one node are full', () => {
    const full = candidate('b', { freeBytes: 10 });
    expect(plans({ minimumCopies: 1, candidates: [a, full] })).toEqual([{ nodeIds: [a.nodeId], held: 0 }]);
    const both = [candidate('a', { freeBytes: 10 }), full];
    expect(plan({ minimumCopies: 1, candidates: both })).toMatchObject({ ok: false, error: { code: 'NOT_ENOUGH_SPACE' } });
  });

  test('does not insist on a node that the client could not use', () => {
    const avoid = new Set([b.nodeId]);
    expect(plans({ minimumCopies: 1, candidates: [a, b], avoid })).toEqual([{ nodeIds: [a.nodeId], held: 0 }]);
    expect(plans({ minimumCopies: 2, candidates: [a, b], avoid })[0]?.nodeIds).toHaveLength(2);
  });
});

describe('a holder that the client could not use', () => {
  const [a, b, c] = [candidate('a'), candidate('b'), candidate('c')];
  const held = chunk('a', { holders: [a.nodeId, b.nodeId] });

  test('is passed over while another node can take the copy', () => {
    const [planned] = plans({ chunks: [held], candidates: [a, b, c], avoid: new Set([b.nodeId]) });
    expect(planned).toEqual({ nodeIds: [a.nodeId, c.nodeId], held: 1 });
  });

  test('is asked again, before others that could not be used, where there is nobody else', () => {
    const avoid = new Set([b.nodeId, c.nodeId]);
    const [planned] = plans({ chunks: [held], candidates: [a, b, c], avoid });
    expect(planned).toEqual({ nodeIds: [a.nodeId, b.nodeId], held: 2 });
    const full = candidate('b', { freeBytes: 0 });
    expect(plans({ chunks: [held], candidates: [a, full], avoid })[0]).toEqual({ nodeIds: [a.nodeId, b.nodeId], held: 2 });
  });
});

describe('the room that there is', () => {
  const room = (copies: number, ...free: readonly number[]): number =>
    roomFor(
      copies,
      free.map((freeBytes, index) => candidate(`node ${index}`, { freeBytes })),
    );

  test('is what fits into as many different nodes as there are to be copies', () => {
    expect(room(2, 10, 10, 10)).toBe(15);
    expect(room(2, 100, 10)).toBe(10);
    expect(room(2, 100, 10, 10)).toBe(20);
    expect(room(3, 100, 50, 10, 10)).toBe(20);
    expect(room(2, 10)).toBe(0);
    expect(room(1, 3, 4)).toBe(7);
  });

  test('is exactly the most that is not refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 6 }), (copies, free) => {
        const candidates = free.map((freeBytes, index) => candidate(`node ${index}`, { freeBytes }));
        const most = roomFor(copies, candidates);
        if (most > 0) expect(checkRoom({ bytes: most, copies }, candidates, []).ok).toBe(true);
        expect(checkRoom({ bytes: most + 1, copies }, candidates, []).ok).toBe(false);
      }),
    );
  });
});

test('a full node keeps what it holds, and takes nothing else', () => {
  const candidates = [candidate('a', { freeBytes: 0, full: true }), candidate('b', { freeBytes: 0, full: true })];
  const holders = [nodeId('a'), nodeId('b')];
  expect(plans({ chunks: [chunk('x', { holders })], candidates })[0]).toMatchObject({ held: 2 });
  expect(plan({ chunks: [chunk('y')], candidates })).toMatchObject({
    ok: false,
    error: { code: 'NOT_ENOUGH_SPACE', message: expect.stringContaining('a is full') },
  });
});
