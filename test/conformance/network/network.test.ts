import { describe } from 'vitest';
import type { Network } from '../../../src/ports/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import { holdRules } from '../../support/rules.js';
import { SimClock, SimNetwork, SimTime } from '../../simulation/ports/index.js';
import { certificateRules } from './certificates.js';
import { NetworkFixture } from './fixture.js';
import { streamRules } from './streams.js';

const rules = [...certificateRules, ...streamRules];

const overLoopback = (network: Network) => async (body: (subject: NetworkFixture) => Promise<void>) => {
  const fixture = await NetworkFixture.create(network, '127.0.0.1');
  try {
    await body(fixture);
  } finally {
    await fixture.close();
  }
};

describe('the TLS network, reading into one buffer', () => {
  holdRules(rules, overLoopback(createTlsNetwork({ useOnread: 'auto' })));
});

describe('the TLS network, reading the public way', () => {
  holdRules(rules, overLoopback(createTlsNetwork({ useOnread: 'never' })));
});

describe('the simulated network', () => {
  holdRules(rules, (body) => {
    const time = new SimTime();
    const network = new SimNetwork({ time, clock: new SimClock(time, Date.now()) });
    return time.run(async () => body(await NetworkFixture.create(network.from('client-host'), 'node-host')));
  });
});
