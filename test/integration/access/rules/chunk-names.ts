import { describe, expect, it } from 'vitest';
import { chunkIdBytes } from '../../../../src/chunks/index.js';
import { FRAME, type FrameType } from '../../../../src/transport/chunk-protocol/frames.js';
import { encodeHello, encodeTicket, OWN_HELLO } from '../../../../src/transport/chunk-protocol/messages.js';
import { rawConversation } from '../support/raw-chunks.js';
import type { Shown } from '../support/raw-tls.js';
import { contentOf } from '../support/transfers.js';

const ID_BYTES = 33;
const named = (name: string): Buffer => Buffer.concat([Buffer.from(name), Buffer.alloc(ID_BYTES)]).subarray(0, ID_BYTES);
const good = (): Buffer => Buffer.from(chunkIdBytes(contentOf('a good name').chunk.chunkId));
const uint = (bytes: 2 | 4, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
};
const SLOT = uint(2, 0);

/** The body of each frame that names chunks, with this name and length. */
const BODIES: readonly [string, FrameType, (id: Buffer, length: Buffer) => Buffer][] = [
  ['put', FRAME.put, (id, length) => Buffer.concat([SLOT, id, length])],
  ['hold', FRAME.hold, (id, length) => Buffer.concat([SLOT, uint(4, 1), id, length])],
  ['receipt', FRAME.receipt, (id, length) => Buffer.concat([SLOT, uint(4, 1), id, length])],
  ['get', FRAME.get, (id, length) => Buffer.concat([SLOT, id, length, uint(4, 0), uint(4, 0)])],
];

/** Names of chunks on the data port are bytes: none of them can become a path, and what is no name ends the connection. */
export function chunkNameRules(at: { port(): number; shown(): Shown; putTicket(): Uint8Array }): void {
  const converse = (type: FrameType, body: Uint8Array): ReturnType<typeof rawConversation> => {
    const ticket = encodeTicket({ slot: 0, ticket: at.putTicket(), label: '', chunks: [] });
    const frames = [
      { type: FRAME.hello, request: 0, body: encodeHello(OWN_HELLO) },
      { type: FRAME.ticket, request: 1, body: ticket },
      { type, request: 2, body },
    ];
    return rawConversation(at.port(), at.shown(), frames, 2);
  };

  describe.each(BODIES)('names that are none, to %s', (_operation, type, body) => {
    it.each<[string, Buffer, Buffer]>([
      ['an absolute path', named('/etc/passwd'), uint(4, 10)],
      ['a way up', named('../../../../../../etc/passwd'), uint(4, 10)],
      ['nothing but NULs', named(''), uint(4, 10)],
      ['an algorithm that does not exist', Buffer.concat([Buffer.from([2]), good().subarray(1)]), uint(4, 10)],
      ['no length', good(), uint(4, 0)],
      ['more than a chunk may have', good(), uint(4, 4 * 1024 * 1024 + 1)],
      ['the largest number', good(), uint(4, 0xffff_ffff)],
    ])('%s', async (_what, id, length) => {
      expect(await converse(type, body(id, length))).toMatchObject({ kind: 'answered', code: 'PROTOCOL_ERROR' });
    });
  });

  describe.each(BODIES.filter(([operation]) => operation === 'hold' || operation === 'receipt'))(
    'lists to %s',
    (_operation, type) => {
      it.each<[string, Buffer]>([
        [
          'of 513 chunks',
          Buffer.concat([SLOT, uint(4, 513), Buffer.concat(Array.from({ length: 513 }, () => [good(), uint(4, 1)]).flat())]),
        ],
        ['that are shorter than they say', Buffer.concat([SLOT, uint(4, 2), good(), uint(4, 1)])],
        ['that say the largest number', Buffer.concat([SLOT, uint(4, 0xffff_ffff)])],
        ['that are longer than they say', Buffer.concat([SLOT, uint(4, 1), good(), uint(4, 1), Buffer.alloc(7)])],
      ])('%s', async (_what, body) => {
        expect(await converse(type, body)).toMatchObject({ kind: 'answered', code: 'PROTOCOL_ERROR' });
      });
    },
  );
}
