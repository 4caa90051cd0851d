import { describe, expect, it } from 'vitest';
import type { MemberId, NodeId } from '../../../src/base/index.js';
import type { Head } from '../../../src/events/index.js';
import type { Keeper, KeeperId, Standing } from '../../../src/coordinator/witnesses/keeper.js';
import { Quorum } from '../../../src/coordinator/witnesses/quorum.js';
import { notCertain } from '../../../src/coordinator/witnesses/refusals.js';

const node = 'aaaaaaaaaaaaaaaa' as NodeId;
const bob = 'xm5qt3hzdcefk4bb5cjgusdi6aehh6nj7657tigcpac6c724t6kq' as MemberId;
const headAt = (sequence: number): Head => ({ origin: bob, epoch: 1, sequence, headerHash: new Uint8Array(32) });
const keeper = (id: KeeperId, sequence: number, standing: Standing): Keeper => ({
  id,
  diskId: '',
  head: headAt(sequence),
  ended: new AbortController().signal,
  standing,
  stalled: false,
  sentSequence: 0,
  read: () => Promise.resolve([]),
  wake: () => undefined,
  close: () => undefined,
});
const refusal = (keepers: readonly Keeper[]) =>
  notCertain(new Quorum({ keepers: [node], required: 1 }), {
    links: new Map(keepers.map((each) => [each.id, each])),
    log: { head: headAt(50) },
    names: new Map([[bob, 'member bob']]),
  });

describe('a start that waits for its witnesses', () => {
  it('says who has more of the log than this disk, and that nothing else is needed than those who are away', () => {
    const { message, next } = refusal([keeper(bob, 56, { kind: 'ahead' })]);
    expect(message).toContain('This disk holds an old copy of the log, up to event 50; member bob has it up to event 56.');
    expect(next).toMatch(/^Start those that keep the log .* taken over by itself\. Only if .* while member bob is there/);
  });

  it('says nothing of the kind where nobody has more, and warns of old backups', () => {
    const { message, next } = refusal([keeper(bob, 50, { kind: 'behind' })]);
    expect(message).not.toContain('old copy');
    expect(next).toContain('this folder is no old backup');
  });
});
