import { describe, expect, it } from 'vitest';
import { CollectiveError, type MemberId } from '../../../src/base/index.js';
import { notAdmittedAs, standingIn } from '../../../src/identity/index.js';
import { partingFrame, partingWord } from '../../../src/transport/rpc/grpc/parting-word.js';

const memberId = 'xm5qt3hzdcefk4bb5cjgusdi6aehh6nj7657tigcpac6c724t6kq' as MemberId;
const told = notAdmittedAs({ memberId, standing: 'suspended', sinceMs: 1_763_000_000_000 });

describe('what a server says before it closes', () => {
  it('is a GOAWAY of HTTP/2 and comes back as it was said', () => {
    const frame = partingFrame(told);
    expect([frame.readUIntBE(0, 3), frame.readUInt8(3)]).toEqual([frame.length - 9, 7]);
    const heard = partingWord(frame);
    expect(heard && standingIn(heard)).toEqual({ memberId, standing: 'suspended', sinceMs: 1_763_000_000_000 });
  });

  it('is not heard where it was cut short, is another frame, or says anything else', () => {
    const frame = partingFrame(told);
    for (const length of [0, 8, 16, frame.length - 1]) expect(partingWord(frame.subarray(0, length))).toBeUndefined();
    expect(partingWord(Buffer.from('000000040000000000', 'hex'))).toBeUndefined();
    expect(partingWord(partingFrame(new CollectiveError('INTERNAL', 'anything')))).toBeUndefined();
  });

  it.each([
    { standing: 'admitted', sinceMs: 1, memberId },
    { standing: 'toString', sinceMs: 1, memberId },
    { standing: 'suspended', sinceMs: 1, memberId: '../../x' },
  ])('is worth nothing where it is not understood: $standing of $memberId', (details) => {
    expect(standingIn(new CollectiveError('NOT_ADMITTED', 'x', { details }))).toBeUndefined();
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 60])('a time that is none is not known: %s', (sinceMs) => {
    const details = { standing: 'removed', sinceMs, memberId };
    expect(standingIn(new CollectiveError('NOT_ADMITTED', 'x', { details }))?.sinceMs).toBe(0);
  });
});
