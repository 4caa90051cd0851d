import { expect, it } from 'vitest';
import { CollectiveError } from '../../../src/base/index.js';
import { foundMember } from '../../../src/coordinator/member/found-member.js';
import { type MemberFileStore, readMemberFiles, writeMemberFiles } from '../../../src/coordinator/member/member-files.js';
import { SystemRandom } from '../../../src/runtime/index.js';
import { hasher, originOf } from '../../support/events.js';

const missing = new CollectiveError('NOT_FOUND', 'There is no such key.');

it('settings that name another member than the certificates do are refused, naming both', async () => {
  const files = new Map<string, string>();
  const read = (path: string): Promise<string> => Promise.resolve(files.get(path) ?? '');
  const store: MemberFileStore = {
    readSecret: (path) => (path.includes('next') ? Promise.reject(missing) : read(path)),
    readPublic: read,
    write: (path, text) => Promise.resolve(void files.set(path, text)),
  };
  const { founded } = await foundMember({
    name: 'alice',
    clientName: 'laptop',
    passphrase: 'a passphrase for tests',
    homeEndpoints: ['localhost:7420'],
    enrolmentEndpoints: ['localhost:7421'],
    nowMs: 1_700_000_000_000,
    ports: { random: new SystemRandom(), hasher },
  });
  await writeMemberFiles(founded, store);
  const { memberId, name } = founded.material;
  await expect(readMemberFiles({ memberId, name }, store, hasher)).resolves.toMatchObject({ memberId });
  const error = { code: 'CONFIG_INVALID', message: expect.stringContaining(memberId), next: expect.stringContaining('memberId') };
  await expect(readMemberFiles({ memberId: originOf(2), name }, store, hasher)).rejects.toMatchObject(error);
});
