import { describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import { removeOnceEmpty } from '../../../src/coordinator/members/removal-rounds.js';

/** A member with which, each time that all is made elsewhere, so many more things are put before it is removed. */
function member(putsMeanwhile: number) {
  const done: string[] = [];
  let puts = putsMeanwhile;
  return {
    done,
    replace: async () => {
      done.push('replaced');
    },
    remove: async () => {
      puts -= 1;
      if (puts >= 0) throw new CollectiveError('UNAVAILABLE', 'It keeps something still.');
      done.push('removed');
      return 'gone';
    },
  };
}

describe('A member that is removed once its copies are elsewhere', () => {
  it('goes at once where nothing was put meanwhile', async () => {
    const { done, replace, remove } = member(0);
    expect(await removeOnceEmpty(replace, remove)).toBe('gone');
    expect(done).toEqual(['replaced', 'removed']);
  });

  it('stays until what was put meanwhile is elsewhere too', async () => {
    const { done, replace, remove } = member(2);
    expect(await removeOnceEmpty(replace, remove)).toBe('gone');
    expect(done).toEqual(['replaced', 'replaced', 'replaced', 'removed']);
  });

  it('stays, and that is said, where things are put all the time', async () => {
    const { done, replace, remove } = member(Number.POSITIVE_INFINITY);
    await expect(removeOnceEmpty(replace, remove)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(done).toHaveLength(LIMITS.removalRounds);
  });

  it('stays where its copies cannot be made elsewhere, or it cannot be removed, and neither is tried again', async () => {
    const { done, replace, remove } = member(0);
    const full = new CollectiveError('NOT_ENOUGH_NODES', 'There is no room.');
    await expect(removeOnceEmpty(() => Promise.reject(full), remove)).rejects.toBe(full);
    expect(done).toEqual([]);
    const unknown = new CollectiveError('NOT_FOUND', 'There is no such member.');
    await expect(removeOnceEmpty(replace, () => Promise.reject(unknown))).rejects.toBe(unknown);
    expect(done).toEqual(['replaced']);
  });
});
