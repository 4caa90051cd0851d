import { afterAll, describe, expect, it } from 'vitest';
import { Audit } from '../../../src/coordinator/log/audit.js';
import type { ReplayLogResponse } from '../../../src/transport/index.js';
import { removeTemplates } from '../../support/peers/peer-member.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';

afterAll(removeTemplates);

describe('an audit of the live state', () => {
  it('covers the views of other members’ logs, each under our name for it', async () => {
    const world = await PeerWorld.of(['alice', 'bob']);
    try {
      await world.startAll();
      const [alice, bob] = world.members;
      if (alice === undefined || bob === undefined) throw new Error('there are two');
      await eventually(() => hasAll(alice, bob));
      const { log, views } = alice.running.member;
      const audit = new Audit({
        ...alice.ports,
        log,
        views,
        others: () => alice.running.foreign.all(),
        scratchDirectory: alice.directory,
        onLogDamaged: () => Promise.resolve(),
      });
      let last: ReplayLogResponse | undefined;
      for await (const said of audit.replay(new AbortController().signal)) last = said;
      const names = last?.views.map(({ name }) => name) ?? [];
      expect(names).toEqual(expect.arrayContaining(['namespace', 'peers', 'bob: namespace', 'bob: peers']));
      expect(last?.views.filter(({ equal }) => !equal)).toEqual([]);
      expect(last?.events).toBe(log.head.sequence + bob.running.member.log.head.sequence);
      const marks = [alice, bob].map((member) => member.running.member.views.stateNow(bob.id)?.views);
      expect(marks[0]).toEqual(marks[1]);
    } finally {
      await world.remove();
    }
  });
});
