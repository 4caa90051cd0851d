import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CollectiveError, ERROR_KINDS, isCollectiveError, type ChunkId, type ErrorCode } from '../../../src/base/index.js';
import {
  decodeChunkHead,
  decodeError,
  decodeGet,
  decodeHeld,
  decodeHello,
  decodeList,
  decodePut,
  decodeTicket,
  encodeChunkHead,
  encodeError,
  encodeGet,
  encodeHeld,
  encodeHello,
  encodeList,
  encodePut,
  encodeTicket,
  OWN_HELLO,
} from '../../../src/transport/chunk-protocol/messages.js';

const chunk = fc.record({
  chunkId: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((root) => `01${Buffer.from(root).toString('hex')}` as ChunkId),
  lengthBytes: fc.integer({ min: 1, max: 4 * 1024 * 1024 }),
});
const chunks = fc.array(chunk, { maxLength: 20 });
const slot = fc.integer({ min: 0, max: 63 });
const label = fc.constantFrom('', 'request-1');

const DECODERS: readonly ((body: Uint8Array) => unknown)[] = [
  decodeHello,
  decodeTicket,
  decodePut,
  decodeList,
  decodeGet,
  decodeChunkHead,
  decodeError,
  (body) => decodeHeld(body, 3),
];

describe('the messages of the chunk protocol', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(
        slot,
        chunks,
        chunk,
        label,
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(1e6),
        (at, list, one, name, ticket, offset) => {
          expect(decodeHello(encodeHello(OWN_HELLO))).toEqual(OWN_HELLO);
          expect(decodeTicket(encodeTicket({ slot: at, ticket, label: name, chunks: list }))).toEqual({
            slot: at,
            ticket,
            label: name,
            chunks: list,
          });
          expect(decodePut(encodePut({ slot: at, chunk: one }))).toEqual({ slot: at, chunk: one });
          expect(decodeList(encodeList({ slot: at, chunks: list }))).toEqual({ slot: at, chunks: list });
          for (const range of [undefined, { offset, bytes: 17 }]) {
            expect(decodeGet(encodeGet({ slot: at, chunk: one, range }))).toEqual({ slot: at, chunk: one, range });
          }
          const head = { chunkLengthBytes: 5, firstLeaf: 2, bytes: 3, proof: ticket };
          expect(decodeChunkHead(encodeChunkHead(head))).toEqual(head);
          const held = list.map((_, index) => index % 2 === 0);
          expect(decodeHeld(encodeHeld(held), held.length)).toEqual(held);
        },
      ),
    );
  });

  it('carry every error with its code, sentence, advice and details', () => {
    for (const code of Object.keys(ERROR_KINDS) as ErrorCode[]) {
      const error = new CollectiveError(code, 'It is so.', {
        next: 'Do this.',
        details: { chunkId: 'x', count: 3, whole: true },
      });
      const received = decodeError(encodeError(error));
      expect(received).toMatchObject({ code, message: error.message, next: error.next, details: error.details });
    }
  });

  it('turn a code from a later version into one that may be tried again', () => {
    const body = encodeError(new CollectiveError('INTERNAL', 'x'));
    expect(decodeError(Uint8Array.from(body, (byte, at) => (at === 2 ? 0x51 : byte)))).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
    });
  });

  it('cut what is too long to be an error', () => {
    const body = encodeError(new CollectiveError('INTERNAL', 'ü'.repeat(100_000), { details: { long: 'x'.repeat(100_000) } }));
    expect(body.length).toBeLessThan(10_000);
    expect(decodeError(body).message).toMatch(/^ü+$/);
  });

  it('are refused with PROTOCOL_ERROR when they are altered beyond meaning, and never otherwise fail', () => {
    fc.assert(
      fc.property(fc.nat(DECODERS.length - 1), fc.uint8Array({ maxLength: 400 }), (which, body) => {
        let failure: unknown;
        try {
          DECODERS[which]?.(body);
        } catch (error) {
          failure = error;
        }
        expect(failure === undefined || (isCollectiveError(failure) && failure.code === 'PROTOCOL_ERROR')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('never name a chunk that cannot be', () => {
    const good = { chunkId: `01${'ab'.repeat(32)}` as ChunkId, lengthBytes: 5 };
    const altered = (at: number, value: number): Uint8Array => {
      const body = new Uint8Array(encodePut({ slot: 0, chunk: good }));
      body[at] = value;
      return body;
    };
    expect(() => decodePut(altered(2, 2))).toThrow(/malformed/);
    expect(() => decodePut(altered(35, 255))).toThrow(/No chunk has/);
    expect(() => decodePut(altered(38, 0))).toThrow(/No chunk has/);
    expect(() => decodeList(encodeList({ slot: 0, chunks: Array.from({ length: 513 }, () => good) }))).toThrow(/more than 512/);
  });
});
