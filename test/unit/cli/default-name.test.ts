import { describe, expect, it } from 'vitest';
import { defaultClientName, defaultNodeName } from '../../../src/cli/base/default-name.js';
import { LIMITS } from '../../../src/base/index.js';
import { checkLabel } from '../../../src/domain/index.js';

describe('a name that nobody chose', () => {
  it('is one that coordinators take, whatever the machine and the user are called', () => {
    const hosts = ['vm', 'MacBook-Pro.local', 'DESKTOP_7', '_a_', 'käse', '', '-', 'x'.repeat(200), `${'x'.repeat(63)}-y`];
    for (const host of hosts) {
      expect(checkLabel(defaultNodeName(new Set(), host)).ok, host).toBe(true);
      for (const user of ['root', 'Änne', 'DOMAIN\\bob'])
        expect(checkLabel(defaultClientName(user, host)).ok, `${user} ${host}`).toBe(true);
    }
    expect(defaultClientName('root', 'vm')).toBe('root-vm');
  });

  it('is not that of another node of the machine', () => {
    expect(defaultNodeName(new Set(['vm-2']), 'vm')).toBe('vm');
    expect(defaultNodeName(new Set(['vm', 'vm-2']), 'vm')).toBe('vm-3');
    const long = 'x'.repeat(LIMITS.labelBytes);
    expect(checkLabel(defaultNodeName(new Set([long]), long)).ok).toBe(true);
  });
});
