import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, LIMITS, type Result } from '../../../src/base/index.js';
import { parseBlock, verifyBlock, type BlockExpectation, type EventDraft, type StoredBlock } from '../../../src/events/index.js';
import { BODY_OFFSET } from '../../../src/events/chain/index.js';
import { NodeSignatureVerifier } from '../../../src/runtime/index.js';
import { blockOf, expectationAt, firstPlace, placeAfter, pruned } from '../../support/blocks.js';
import { anyDraft, draftOf, hasher, originOf, signerOf } from '../../support/events.js';

const tools = { hasher, verifier: new NodeSignatureVerifier() };
const drafts = fc.array(anyDraft, { minLength: 1, maxLength: 5 });
const plain: readonly EventDraft[] = ['a', 'b', 'c'].map((name) =>
  draftOf({ type: 'NodeRegistered', nodeId: 'aaaaaaaaaaaaaaaa' as never, name }),
);

const verify = (bytes: Uint8Array, changes: Partial<BlockExpectation> = {}): Result<StoredBlock, Error> =>
  verifyBlock(bytes, { ...expectationAt(), ...changes }, tools);

/** The bytes with one bit of each byte flipped, another one from byte to byte. */
const flipsOf = (bytes: Uint8Array): readonly Uint8Array[] =>
  Array.from(bytes, (byte, index) => bytes.with(index, byte ^ (1 << (index % 8))));

const problemOf = (result: Result<unknown, Error>): string => (result.ok ? 'none' : result.error.message);

describe('a block', () => {
  it('gives back what was sealed in it, under the same bytes', () => {
    fc.assert(
      fc.property(drafts, (list) => {
        const sealed = blockOf(list);
        const block = accept(verify(sealed.bytes));
        expect(block.events.map(({ event }) => event)).toEqual(list.map(({ event }) => event));
        expect(block.events.map(({ envelope: { actor, request, cause } }) => ({ actor, request, cause }))).toEqual(
          list.map(({ actor, request, cause }) => ({ actor, request, cause })),
        );
        expect(block.events.map(({ envelope }) => envelope.position.sequence)).toEqual(list.map((_, index) => index + 1));
        expect(block.bytes).toBe(sealed.bytes);
        expect(block.header).toEqual(sealed.header);
      }),
      { numRuns: 60 },
    );
  });

  it('with a bit of any byte flipped is refused', () => {
    const { bytes } = blockOf(plain.slice(0, 1));
    expect(flipsOf(bytes).filter((flipped) => verify(flipped).ok)).toEqual([]);
  });

  it('with any bit flipped is refused, whatever it holds', () => {
    fc.assert(
      fc.property(drafts, fc.nat(), fc.nat({ max: 7 }), (list, place, bit) => {
        const { bytes } = blockOf(list);
        bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ (1 << bit);
        expect(verify(bytes)).toMatchObject({ ok: false, error: { code: 'LOG_DAMAGED' } });
      }),
      { numRuns: 200 },
    );
  });

  it('cut short is refused, and so is one with bytes behind it', () => {
    const { bytes } = blockOf(plain);
    for (let length = 0; length < bytes.length; length += 7) expect(verify(bytes.subarray(0, length)).ok).toBe(false);
    expect(verify(new Uint8Array([...bytes, 0])).ok).toBe(false);
  });

  it('made of any bytes is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(verify(bytes).ok).toBe(false);
      }),
    );
  });

  it('above the limit is refused before it is read', () => {
    expect(problemOf(verify(new Uint8Array(LIMITS.blockBytes + 1)))).toContain('bytes');
  });

  it('follows the one before it and no other', () => {
    const first = blockOf(plain);
    const place = placeAfter(first, firstPlace());
    const second = blockOf(plain, place);
    expect(verifyBlock(second.bytes, expectationAt(place), tools).ok).toBe(true);
    const changes: readonly (readonly [Partial<BlockExpectation>, RegExp])[] = [
      [{ origin: originOf(2) }, /origin/],
      [{ epoch: 2 }, /epoch 1, not 2/],
      [{ firstSequence: 5 }, /starts at sequence 4, not 5/],
      [{ previousHeaderHash: second.headerHash }, /does not follow/],
      [{ previousTimeMs: place.firstTimeMs }, /does not rise/],
      [{ publicKeyOf: () => undefined }, /does not speak/],
      [{ publicKeyOf: () => signerOf(2).publicKey }, /signature/],
    ];
    for (const [change, problem] of changes) {
      expect(problemOf(verifyBlock(second.bytes, { ...expectationAt(place), ...change }, tools))).toMatch(problem);
    }
  });

  it('is checked without the link where the one before was not seen', () => {
    const place = placeAfter(blockOf(plain), firstPlace());
    const expectation = { ...expectationAt(place), previousHeaderHash: undefined, previousTimeMs: 0 };
    expect(verifyBlock(blockOf(plain, place).bytes, expectation, tools).ok).toBe(true);
  });

  it('keeps events of types and versions that are not known, without their content', () => {
    for (const encoded of [
      { type: 'MoonLanded', schemaVersion: 1, payload: new Uint8Array([0xc1]) },
      { type: 'NodeRegistered', schemaVersion: 999, payload: new Uint8Array() },
    ]) {
      const block = accept(verify(blockOf(plain, firstPlace(), () => encoded).bytes));
      expect(block.events.map(({ event }) => event)).toEqual([undefined, undefined, undefined]);
      expect(block.events[0]?.envelope).toMatchObject({ type: encoded.type, schemaVersion: encoded.schemaVersion });
    }
  });

  it('with a payload that is not what its type says is refused, though it is signed', () => {
    const wrong = { type: 'NodeRegistered', schemaVersion: 1, payload: new Uint8Array([0xc0]) };
    expect(problemOf(verify(blockOf(plain, firstPlace(), () => wrong).bytes))).toContain('NodeRegistered');
  });

  it('can be read up to its header without being checked', () => {
    const sealed = blockOf(plain);
    expect(accept(parseBlock(sealed.bytes, hasher))).toMatchObject({ headerHash: sealed.headerHash, lastSequence: 3 });
  });
});

describe('a block without payloads', () => {
  const place = firstPlace();
  const sealed = blockOf(plain, place);

  it('is refused where payloads are asked for', () => {
    expect(problemOf(verify(pruned(sealed, [1])))).toContain('payload of event 2 is missing');
  });

  it('still proves type, time and actor of every event, and the chain', () => {
    const whole = accept(verify(sealed.bytes));
    for (const indexes of [[0], [1], [0, 1, 2]]) {
      const block = accept(verify(pruned(sealed, indexes), { allowPruned: true }));
      expect(block.events.map(({ envelope }) => envelope)).toEqual(whole.events.map(({ envelope }) => envelope));
      expect(block.headerHash).toEqual(whole.headerHash);
      expect(block.events.map(({ event }) => event === undefined)).toEqual([0, 1, 2].map((index) => indexes.includes(index)));
    }
  });

  it('with a bit of any byte flipped is refused', () => {
    const flips = flipsOf(pruned(sealed, [1])).slice(BODY_OFFSET);
    expect(flips.filter((flipped) => verify(flipped, { allowPruned: true }).ok)).toEqual([]);
  });
});
