import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CollectiveError, ERROR_KINDS, LIMITS, utf8, type ErrorCode } from '../../../src/base/index.js';
import { errorOfFailure, failureOf } from '../../../src/transport/index.js';
import { errorOfDetail, errorOfPlainStatus, statusOfError } from '../../../src/transport/rpc/error-status.js';

const codes = Object.keys(ERROR_KINDS) as ErrorCode[];
const fact = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 4 }));
const errors = fc
  .record({
    code: fc.constantFrom(...codes),
    message: fc.string({ unit: 'grapheme', maxLength: 200 }),
    next: fc.option(fc.string({ unit: 'grapheme', maxLength: 200 }), { nil: undefined }),
    details: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 10 }).filter((key) => key !== '__proto__'),
      fact,
      { maxKeys: 5 },
    ),
  })
  .map(
    ({ code, message, next, details }) =>
      new CollectiveError(code, message, { ...(next === undefined ? {} : { next }), details }),
  );

describe('errors on the wire', () => {
  it('every error comes back with its code, sentence, next step and details', () => {
    fc.assert(
      fc.property(errors, (error) => {
        const back = errorOfDetail(statusOfError(error).detail);
        expect(back).toMatchObject({ code: error.code, message: error.message, next: error.next });
        expect({ ...back?.details }).toEqual({ ...error.details });
      }),
    );
  });

  it('however much an error says, it takes a bounded number of bytes and keeps its code', () => {
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.string({ unit: 'binary', maxLength: 20 }), fc.nat(5000), (code, seed, times) => {
        const text = seed.repeat(times);
        const status = statusOfError(new CollectiveError(code, text, { next: text, details: { text } }));
        expect(status.detail.length).toBeLessThanOrEqual(LIMITS.rpcErrorBytes);
        expect(errorOfDetail(status.detail)?.code).toBe(code);
        expect(() => encodeURI(status.message)).not.toThrow();
      }),
    );
  });

  it('what is no error of ours is not taken for one', () => {
    const texts = ['', '{', '[]', 'null', '{"code":1,"message":"x"}', '{"code":"INTERNAL"}'];
    expect(texts.filter((text) => errorOfDetail(utf8(text)) !== undefined)).toEqual([]);
    expect(errorOfDetail(new Uint8Array([0xff]))).toBeUndefined();
    expect(errorOfDetail(new Uint8Array(LIMITS.rpcErrorBytes + 1).fill(0x20))).toBeUndefined();
  });

  it('a code of a newer version is UNSUPPORTED, with what it said', () => {
    const error = errorOfDetail(utf8(JSON.stringify({ code: 'MOON_FULL', message: 'The moon is full.' })));
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: 'The moon is full. (MOON_FULL)' });
    expect(errorOfFailure({ code: 'MOON_FULL', message: 'The moon is full.', next: '' }).code).toBe('UNSUPPORTED');
  });

  it('a status of gRPC alone becomes an error of ours', () => {
    const expected: Readonly<Record<string, ErrorCode>> = {
      CANCELLED: 'CANCELLED',
      DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
      UNAVAILABLE: 'COORDINATOR_UNREACHABLE',
      RESOURCE_EXHAUSTED: 'LIMIT_EXCEEDED',
      UNIMPLEMENTED: 'UNSUPPORTED',
      UNAUTHENTICATED: 'UNAUTHENTICATED',
      UNKNOWN: 'PROTOCOL_ERROR',
      'status 77': 'PROTOCOL_ERROR',
    };
    const actual = Object.keys(expected).map((name) => [name, errorOfPlainStatus(name, 'text').code]);
    expect(Object.fromEntries(actual)).toEqual(expected);
  });

  it('a failure in an answer keeps code, sentence and next step', () => {
    const error = new CollectiveError('NOT_FOUND', 'There is no /a.', { next: 'Run: collective ls /' });
    expect(errorOfFailure(failureOf(error))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no /a.',
      next: 'Run: collective ls /',
    });
    expect(errorOfFailure(failureOf(new CollectiveError('NODE_FULL', 'Full.'))).next).toBeUndefined();
  });
});
