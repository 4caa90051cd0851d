import { expect } from 'vitest';
import { CollectiveError } from '../../../src/base/index.js';
import type { TlsCredentials } from '../../../src/ports/index.js';
import { createAuthority, createCredentials, forgeAuthority } from '../../support/certificates.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';
import { StreamReader } from '../../support/streams.js';
import type { NetworkFixture } from './fixture.js';

type Credentials = (subject: NetworkFixture) => Promise<TlsCredentials>;

/** Credentials that can be replaced while they are in use. */
function changing(first: TlsCredentials): { readonly credentials: TlsCredentials; replace(next: TlsCredentials): void } {
  let present = first;
  const listeners = new Set<() => void>();
  return {
    credentials: {
      get certificateChain() {
        return present.certificateChain;
      },
      get privateKey() {
        return present.privateKey;
      },
      trustedCa: first.trustedCa,
      verifyPeer: first.verifyPeer,
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    replace(next) {
      present = next;
      for (const listener of listeners) listener();
    },
  };
}

const ofAnotherCa: Credentials = async (subject) =>
  createCredentials(await createAuthority(), { role: 'client', trusted: subject.authority });
const ofAForgedCa: Credentials = async (subject) =>
  createCredentials(await forgeAuthority(subject.authority), { role: 'client', trusted: subject.authority });

const strangerIsRefused = async (subject: NetworkFixture, credentials: Credentials): Promise<void> => {
  const { listener, refusal } = await subject.listen();
  const outcome = await whatBecomesOf(subject, listener.port, await credentials(subject));
  expect(told(outcome)).toMatch(/^NODE_UNREACHABLE: .*refused the certificate of this end/);
  expect(told(await refusal)).toMatch(/^CERTIFICATE_INVALID: .*another CA/);
};

/** A refusal shows when dialling or, as TLS 1.3 is, only afterwards on the stream. */
const whatBecomesOf = (subject: NetworkFixture, port: number, credentials: TlsCredentials): Promise<unknown> =>
  subject.dial(port, credentials).then(
    (stream) => new StreamReader(stream).closed(),
    (error: unknown) => error,
  );

const refusing: TlsCredentials['verifyPeer'] = () => {
  throw new CollectiveError('PERMISSION_DENIED', 'not you');
};

/** What a Network promises of whom it connects. */
export const certificateRules: readonly Rule<NetworkFixture>[] = [
  [
    'each end sees the leaf of the other',
    async (subject) => {
      const { near, far } = await subject.pair();
      expect(near.peer.leaf).toEqual(subject.node.leaf);
      expect(far.peer.leaf).toEqual(subject.client.leaf);
    },
  ],
  [
    'a dialling end with a certificate of another CA is refused, and both ends are told',
    (subject) => strangerIsRefused(subject, ofAnotherCa),
  ],
  [
    'a dialling end with a certificate of a forged CA with the same subject is refused, and both ends are told',
    (subject) => strangerIsRefused(subject, ofAForgedCa),
  ],
  [
    'a listening end with a certificate of another CA is refused',
    async (subject) => {
      const stranger = await createCredentials(await createAuthority(), { trusted: subject.authority });
      const { listener } = await subject.listen({ credentials: stranger });
      expect(told(await failureOf(subject.dial(listener.port)))).toMatch(/^CERTIFICATE_INVALID: .*another CA/);
    },
  ],
  [
    'a client certificate cannot listen',
    async (subject) => {
      const { listener } = await subject.listen({ credentials: subject.client });
      expect(told(await failureOf(subject.dial(listener.port)))).toMatch(/^CERTIFICATE_INVALID:/);
    },
  ],
  [
    'an end whose own certificate has expired does not dial',
    async (subject) => {
      const { listener } = await subject.listen();
      const expired = await createCredentials(subject.authority, { expired: true });
      expect(told(await failureOf(subject.dial(listener.port, expired)))).toMatch(/^CERTIFICATE_INVALID: .*expired/);
    },
  ],
  [
    'an end that listens shows new certificates to who comes, and keeps the connections that are open',
    async (subject) => {
      const [first, second] = await Promise.all([createCredentials(subject.authority), createCredentials(subject.authority)]);
      const live = changing(first);
      const { listener, accepted } = await subject.listen({ credentials: live.credentials });
      const [before, far] = await Promise.all([subject.dial(listener.port), accepted()]);
      live.replace(second);
      const after = await subject.dial(listener.port);
      expect(before.peer.leaf).toEqual(first.leaf);
      expect(after.peer.leaf).toEqual(second.leaf);
      const reader = new StreamReader(before);
      await far.write([Uint8Array.of(7)]);
      await reader.has(1);
      expect(reader.bytes).toEqual(Uint8Array.of(7));
    },
  ],
  [
    'a key that does not belong to the certificate is refused before anything is sent',
    async (subject) => {
      const { listener } = await subject.listen();
      const other = await createCredentials(subject.authority, { role: 'client' });
      const mixed = { ...subject.client, privateKey: other.privateKey };
      expect(told(await failureOf(subject.dial(listener.port, mixed)))).toMatch(/^CERTIFICATE_INVALID:/);
    },
  ],
  [
    'the dialling end may refuse a verified peer, with its own error',
    async (subject) => {
      const { listener } = await subject.listen();
      const picky = await createCredentials(subject.authority, { role: 'client', verifyPeer: refusing });
      expect(told(await failureOf(subject.dial(listener.port, picky)))).toBe('PERMISSION_DENIED: not you');
    },
  ],
  [
    'the listening end may refuse a verified peer, and the other end hears of it',
    async (subject) => {
      const picky = await createCredentials(subject.authority, { verifyPeer: refusing });
      const { listener, refusal } = await subject.listen({ credentials: picky });
      const outcome = await whatBecomesOf(subject, listener.port, subject.client);
      expect(told(await refusal)).toBe('PERMISSION_DENIED: not you');
      expect(told(outcome)).toMatch(/^NODE_UNREACHABLE: .*refused the certificate of this end/);
    },
  ],
];
