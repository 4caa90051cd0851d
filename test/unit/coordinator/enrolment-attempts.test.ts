import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { EnrolmentAttempts, networkOf } from '../../../src/coordinator/enrolment/attempts.js';

describe('who counts as one stranger at the enrolment port', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['2001:0DB8:0001:2::', '2001:db8:1:2::/64'],
    ['somewhere', 'somewhere'],
  ])('%s is of %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('all addresses of one IPv6 network have the share of one address', () => {
    const attempts = new EnrolmentAttempts({ nowMs: () => 0, monotonicMs: () => 0 });
    const tried = Array.from({ length: LIMITS.failedEnrolmentsPerAddress + 1 }, (_, host) =>
      attempts.admit(`2001:db8:1:2::${(host + 1).toString(16)}`),
    );
    expect(tried.at(-1)).toBe(false);
    expect(tried.slice(0, -1)).not.toContain(false);
    expect(attempts.admit('2001:db8:1:3::1')).toBe(true);
  });
});
