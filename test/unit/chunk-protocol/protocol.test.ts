import { describe } from 'vitest';
import { createTlsNetwork, SystemClock, SystemTimers } from '../../../src/runtime/index.js';
import { SimClock, SimNetwork, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { holdRules } from '../../support/rules.js';
import { ProtocolFixture, type World } from './fixture.js';
import { PROTOCOL_RULES } from './rules.js';

async function withFixture(world: World, body: (fixture: ProtocolFixture) => Promise<void>): Promise<void> {
  const fixture = await ProtocolFixture.create(world);
  try {
    await body(fixture);
  } finally {
    await fixture.close();
  }
}

describe('the chunk protocol in memory', () => {
  holdRules(PROTOCOL_RULES, (body) => {
    const time = new SimTime();
    const clock = new SimClock(time, Date.now());
    const network = new SimNetwork({ time, clock });
    const world = {
      network: { node: network.from('node'), client: network.from('client') },
      clock,
      timers: new SimTimers(time),
      host: 'node',
    };
    return time.run(() => withFixture(world, body));
  });
});

describe('the chunk protocol over TLS', () => {
  holdRules(PROTOCOL_RULES, (body) => {
    const network = createTlsNetwork();
    return withFixture(
      { network: { node: network, client: network }, clock: new SystemClock(), timers: new SystemTimers(), host: '127.0.0.1' },
      body,
    );
  });
});
