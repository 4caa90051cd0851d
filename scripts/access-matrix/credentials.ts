import { accept, type MemberId } from '../../src/base/index.js';
import type { MemberMaterial } from '../../src/coordinator/index.js';
import { formatPeerUri, openKeyPair, type OwnCredentials } from '../../src/identity/index.js';
import { NodeHasher } from '../../src/runtime/index.js';
import { CLIENT_USAGE, oddLeaf, SERVER_USAGE } from '../../test/integration/access/support/odd-leaf.js';
import type { Shown } from '../../test/integration/access/support/raw-tls.js';
import { leafOf, makeIssuer, nameOf } from './issuers.js';
import type { Role } from './rpcs.js';

/** Why a credential must not get in anywhere that asks for one. */
export type Fault =
  | 'no TLS'
  | 'old TLS'
  | 'no certificate'
  | 'stranger'
  | 'another CA'
  | 'forged CA'
  | 'expired'
  | 'not yet valid'
  | 'wrong usage'
  | 'no name of ours'
  | 'another member'
  | 'replaced CA'
  | 'revoked';

export interface Credential {
  /** Heads its column. */
  readonly key: string;
  readonly title: string;
  /** Undefined: it is good, and its role decides. */
  readonly fault: Fault | undefined;
  readonly role: Role | undefined;
  readonly shown: Shown;
}

/** What the member has gone through before the matrix is tried. */
export interface Past {
  readonly withinOverlap: Pick<MemberMaterial, 'ca' | 'caKeys'>;
  readonly afterOverlap: Pick<MemberMaterial, 'ca' | 'caKeys'>;
  /** A client's, who has another by now. */
  readonly renewedSince: OwnCredentials;
  readonly revokedClient: OwnCredentials;
  readonly revokedNode: OwnCredentials;
}

const DAY_MS = 24 * 3600 * 1000;
const ROLES: readonly Role[] = ['client', 'node', 'coordinator'];
const hasher = new NodeHasher();

/** Everything that somebody could show at a port of `member`, whose `client` is a good one. */
export async function makeCredentials(
  member: MemberMaterial,
  client: OwnCredentials,
  past: Past,
): Promise<readonly Credential[]> {
  const other = await makeIssuer();
  const forger = await makeIssuer(member.memberId);
  const now = Date.now();
  const odd = (names: Parameters<typeof oddLeaf>[1]['names'], usages: readonly string[]): Promise<OwnCredentials> =>
    oddLeaf(member, { names, usages });
  const uriOf = (memberId: MemberId, role: Role) => [{ type: 'url' as const, value: formatPeerUri(nameOf(memberId, role)) }];
  const both = [SERVER_USAGE, CLIENT_USAGE];

  const made: Credential[] = [
    { key: 'plain', title: 'no TLS at all', fault: 'no TLS', role: undefined, shown: { tls: false, own: undefined } },
    {
      key: 'tls12',
      title: "a good client's certificate, over TLS 1.2",
      fault: 'old TLS',
      role: 'client',
      shown: { tls: true, maxVersion: 'TLSv1.2', own: client },
    },
    { key: 'none', title: 'no certificate', fault: 'no certificate', role: undefined, shown: { tls: true, own: undefined } },
  ];
  const add = (key: string, title: string, role: Role | undefined, fault: Fault | undefined, own: OwnCredentials): void => {
    made.push({ key, title, fault, role, shown: { tls: true, own } });
  };
  add('client', 'a client of this member', 'client', undefined, client);
  add('node', 'a node of this member', 'node', undefined, await leafOf(member, nameOf(member.memberId, 'node'), now));
  const coordinator = await leafOf(member, nameOf(member.memberId, 'coordinator'), now);
  add('coord', 'a coordinator of this member', 'coordinator', undefined, coordinator);
  for (const role of ROLES) {
    const letter = role.slice(0, 2);
    const own = nameOf(member.memberId, role);
    const theirs = await leafOf(other, nameOf(other.memberId, role), now);
    add(`oth-${letter}`, `a ${role} of another member, by that member's CA`, role, 'stranger', theirs);
    const forged = await leafOf(forger, own, now);
    add(`frg-${letter}`, `a ${role} of this member, by a CA of the same subject with another key`, role, 'forged CA', forged);
    const expired = await leafOf(member, own, now - DAY_MS);
    add(`exp-${letter}`, `a ${role} of this member, expired`, role, 'expired', expired);
    const future = await leafOf(member, own, now + DAY_MS);
    add(`fut-${letter}`, `a ${role} of this member, not yet valid`, role, 'not yet valid', future);
  }
  const keysOfClient = accept(openKeyPair(client.privateKeyPem, hasher));
  for (const role of ROLES) {
    const letter = role.slice(0, 2);
    const name = nameOf(member.memberId, role);
    const earlier = { ...past.withinOverlap, memberId: member.memberId };
    add(
      `old-${letter}`,
      `a ${role} of this member, by its CA before, within the overlap`,
      role,
      undefined,
      // A node has a key of its own: the rights are a client's.
      await leafOf(earlier, name, now, ...(role === 'node' ? [] : [keysOfClient])),
    );
    const gone = { ...past.afterOverlap, memberId: member.memberId };
    add(
      `rpl-${letter}`,
      `a ${role} of this member, by a CA that was replaced, after the overlap`,
      role,
      'replaced CA',
      await leafOf(gone, name, now),
    );
  }
  add('renewed', 'a client with the certificate that it had before it was renewed', 'client', undefined, past.renewedSince);
  add('rev-cl', 'a client of this member, revoked', 'client', 'revoked', past.revokedClient);
  add('rev-no', 'a node of this member, revoked', 'node', 'revoked', past.revokedNode);
  const usurped = await leafOf(other, nameOf(member.memberId, 'client'), now);
  add('usurp', "a client of this member, by another member's CA", 'client', 'another CA', usurped);
  const climber = await odd(uriOf(member.memberId, 'node'), [CLIENT_USAGE]);
  add('climb', "a node's name in a certificate made for clients, by this member's CA", 'node', 'wrong usage', climber);
  add('noname', "no name of ours, by this member's CA", undefined, 'no name of ours', await odd([], both));
  const web = await odd([{ type: 'dns', value: 'coordinator.example' }], both);
  add('web', "a web server's name, by this member's CA", undefined, 'no name of ours', web);
  const stray = await odd(uriOf(other.memberId, 'client'), [CLIENT_USAGE]);
  add('stray', "another member's client, by this member's CA", 'client', 'another member', stray);
  return made;
}
