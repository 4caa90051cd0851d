import { expect, it } from 'vitest';
import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import { CertificateAuthority } from '../../../src/coordinator/certificates/authority.js';
import { OwnRenewal } from '../../../src/coordinator/certificates/own-renewal.js';
import { UnrecordedLeaves } from '../../../src/coordinator/certificates/unrecorded-leaves.js';
import { OPEN_GATE } from '../../../src/coordinator/commands/append-gate.js';
import { foundMember } from '../../../src/coordinator/member/found-member.js';
import { type MemberFileStore, readMemberFiles, writeMemberFiles } from '../../../src/coordinator/member/member-files.js';
import { isForKey } from '../../../src/identity/index.js';
import { SystemRandom, SystemTimers } from '../../../src/runtime/index.js';
import { ViewHost } from '../../../src/projections/index.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { SimKeyValueStores } from '../../simulation/ports/index.js';
import { hasher, originOf } from '../../support/events.js';
import { StillClock } from '../../support/logs.js';

const missing = new CollectiveError('NOT_FOUND', 'There is no such key.');

const { founded } = await foundMember({
  name: 'alice',
  clientName: 'laptop',
  passphrase: 'a passphrase for tests',
  homeEndpoints: ['localhost:7420'],
  enrolmentEndpoints: ['localhost:7421'],
  nowMs: 1_700_000_000_000,
  ports: { random: new SystemRandom(), hasher },
});

/** Takes no more than `writes` after those of the founding, as a disk does when the process is killed. */
async function storeOf(writes = Number.POSITIVE_INFINITY): Promise<MemberFileStore> {
  const files = new Map<string, string>();
  const read = (path: string): Promise<string> => {
    const text = files.get(path);
    return text === undefined ? Promise.reject(missing) : Promise.resolve(text);
  };
  let left = Number.POSITIVE_INFINITY;
  const write = (path: string, text: string): Promise<void> => {
    if (left <= 0) return Promise.reject(new Error('killed'));
    left -= 1;
    files.set(path, text);
    return Promise.resolve();
  };
  const store = { readSecret: read, readPublic: read, write };
  await writeMemberFiles(founded, store);
  left = writes;
  return store;
}

it.each([0, 1, 2, 3])(
  'a renewal of the own certificate that is cut short after %i files leaves a key and its certificate',
  async (writes) => {
    const { material } = founded;
    const { memberId, name } = material;
    const views = await ViewHost.open(await new SimKeyValueStores().open('/views', 'create'), { origins: [memberId], hasher });
    const clock = new StillClock();
    const [store, random] = [await storeOf(writes), new SystemRandom()];
    const ports = { clock, random, hasher, timers: new SystemTimers(), logger: silentLogger };
    const authority = await CertificateAuthority.open({ material, views, lifeMs: LIMITS.leafLifeMs, clock, random });
    const gate = OPEN_GATE;
    const unrecorded = new UnrecordedLeaves({ commands: { submit: () => Promise.reject(missing) }, gate, views, ...ports });
    const renewal = new OwnRenewal({ authority, memberName: name, unrecorded, files: store, ...ports });
    if (writes < 3) await expect(renewal.renew()).rejects.toThrow('killed');
    else await renewal.renew();
    const { coordinatorLeaf, coordinatorKeys } = await readMemberFiles({ memberId, name }, store, hasher);
    expect(isForKey(coordinatorLeaf, coordinatorKeys.publicKey)).toBe(true);
    expect(Buffer.from(coordinatorLeaf).equals(material.coordinatorLeaf)).toBe(writes < 2);
  },
);

it('settings that name another member than the certificates do are refused, naming both', async () => {
  const store = await storeOf();
  const { memberId, name } = founded.material;
  await expect(readMemberFiles({ memberId, name }, store, hasher)).resolves.toMatchObject({ memberId });
  const error = { code: 'CONFIG_INVALID', message: expect.stringContaining(memberId), next: expect.stringContaining('memberId') };
  await expect(readMemberFiles({ memberId: originOf(2), name }, store, hasher)).rejects.toMatchObject(error);
});
