import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, isCollectiveError, LIMITS } from '../../../src/base/index.js';
import { FrameParser } from '../../../src/transport/chunk-protocol/frame-parser.js';
import { encodeFrame, FRAME, type FrameType } from '../../../src/transport/chunk-protocol/frames.js';

/** What came out of a parser, data frames of one request joined while nothing comes between them. */
class Collector {
  readonly found: { type: FrameType; request: number; body: number[] }[] = [];

  onFrame(type: FrameType, request: number, body: Uint8Array): void {
    this.found.push({ type, request, body: [...body] });
  }

  onData(request: number, bytes: Uint8Array): void {
    const last = this.found.at(-1);
    if (last?.type === FRAME.data && last.request === request) last.body.push(...bytes);
    else this.found.push({ type: FRAME.data, request, body: [...bytes] });
  }
}

const frames = fc.array(
  fc.record({
    type: fc.constantFrom(...Object.values(FRAME)),
    request: fc.nat(0xffff_ffff),
    body: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  { maxLength: 12 },
);
const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });

function* slices(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let offset = 0, turn = 0; offset < bytes.length; turn += 1) {
    const end = offset + (lengths[turn % lengths.length] ?? 1);
    // A copy that is overwritten afterwards: views are valid only during the call.
    yield bytes.slice(offset, end);
    offset = end;
  }
}

describe('the frame parser', () => {
  it('finds the same frames however the bytes are sliced', () => {
    fc.assert(
      fc.property(frames, cuts, (list, lengths) => {
        const bytes = concatBytes(list.map(({ type, request, body }) => encodeFrame(type, request, body)));
        const whole = new Collector();
        new FrameParser(whole).push(bytes);
        const sliced = new Collector();
        const parser = new FrameParser(sliced);
        for (const slice of slices(bytes, lengths)) {
          parser.push(slice);
          slice.fill(0xee);
        }
        expect(sliced.found).toEqual(whole.found);
        const expected = new Collector();
        for (const { type, request, body } of list) {
          if (type === FRAME.data) expected.onData(request, body);
          else expected.onFrame(type, request, body);
        }
        expect(whole.found).toEqual(expected.found);
      }),
    );
  });

  it('hands over nothing while it is blocked, and everything afterwards', () => {
    fc.assert(
      fc.property(frames, cuts, (list, lengths) => {
        const bytes = concatBytes(list.map(({ type, request, body }) => encodeFrame(type, request, body)));
        const expected = new Collector();
        new FrameParser(expected).push(bytes);
        const found = new Collector();
        const parser: FrameParser = new FrameParser({
          onFrame: (type, request, body) => {
            expect(parser.blocked).toBe(false);
            found.onFrame(type, request, body);
            parser.block();
          },
          onData: (request, data) => found.onData(request, data),
        });
        for (const slice of slices(bytes, lengths)) {
          parser.push(slice);
          slice.fill(0xee);
        }
        while (parser.blocked) parser.unblock();
        expect(found.found).toEqual(expected.found);
      }),
    );
  });

  it('answers any bytes with frames or PROTOCOL_ERROR', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), cuts, (bytes, lengths) => {
        const parser = new FrameParser(new Collector());
        let failure: unknown;
        try {
          for (const slice of slices(bytes, lengths)) parser.push(slice);
        } catch (error) {
          failure = error;
        }
        expect(failure === undefined || (isCollectiveError(failure) && failure.code === 'PROTOCOL_ERROR')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a frame that is too long by its header alone', () => {
    for (const [type, limit] of [
      [FRAME.data, LIMITS.frameBytes],
      [FRAME.ticket, LIMITS.controlFrameBytes],
    ] as const) {
      const header = encodeFrame(type, 1, new Uint8Array(0));
      new DataView(header.buffer).setUint32(0, limit + 1);
      expect(() => new FrameParser(new Collector()).push(header)).toThrow(/more than/);
      new DataView(header.buffer).setUint32(0, limit);
      expect(() => new FrameParser(new Collector()).push(header)).not.toThrow();
    }
  });

  it('refuses unknown types and empty data', () => {
    expect(() => new FrameParser(new Collector()).push(Uint8Array.of(0, 0, 0, 1, 99, 0, 0, 0, 1))).toThrow(/unknown type/);
    expect(() => new FrameParser(new Collector()).push(encodeFrame(FRAME.data, 1, new Uint8Array(0)))).toThrow(/empty data/);
  });
});
