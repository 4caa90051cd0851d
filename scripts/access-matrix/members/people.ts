import type { MemberId } from '../../../src/base/index.js';
import type { OwnCredentials } from '../../../src/identity/index.js';
import type { Shown } from '../../../test/integration/access/support/raw-tls.js';
import { type Issuer, leafOf, makeIssuer, nameOf } from '../issuers.js';
import type { Role } from '../rpcs.js';

/** `erin` is nobody's peer. */
export const PEOPLE = ['alice', 'bob', 'carol', 'erin'] as const;
export type Person = (typeof PEOPLE)[number];
/** Who have a coordinator and a node, and have admitted each other. */
export const MEMBERS = ['alice', 'bob', 'carol'] as const;
export type Member = (typeof MEMBERS)[number];

const ROLES: readonly Role[] = ['client', 'node', 'coordinator'];

/** A certificate as somebody could show it. */
export interface Credential {
  /** Heads its column. */
  readonly key: string;
  readonly title: string;
  /** Whose CA signed it. */
  readonly issuer: Person;
  /** Whose name stands in it. */
  readonly named: Person;
  readonly role: Role;
  readonly shown: Shown;
}

export interface Identity extends Issuer {
  /** Of a client that is in order; others are made up. */
  readonly client?: OwnCredentials;
}

/** Each role of each person by each person's CA, all of them valid now. */
export async function makeCredentials(members: Readonly<Record<Member, Identity>>): Promise<readonly Credential[]> {
  const issuers: Readonly<Record<Person, Identity>> = { ...members, erin: await makeIssuer() };
  const made: Credential[] = [];
  for (const named of PEOPLE) {
    for (const issuer of PEOPLE) {
      for (const role of ROLES) {
        const own = await credentialsOf(issuers[issuer], issuers[named], role, issuer === named);
        made.push({
          key: issuer === named ? `${named}-${role.slice(0, 2)}` : `${named}-${role.slice(0, 2)}/${issuer}`,
          title: `${role} of ${named}, by the CA of ${issuer}`,
          issuer,
          named,
          role,
          shown: { tls: true, own },
        });
      }
    }
  }
  return made;
}

function credentialsOf(
  issuer: Identity,
  named: { readonly memberId: MemberId },
  role: Role,
  honest: boolean,
): Promise<OwnCredentials> {
  // Its tickets are those of the matrix.
  if (honest && role === 'client' && issuer.client !== undefined) return Promise.resolve(issuer.client);
  return leafOf(issuer, nameOf(named.memberId, role), Date.now());
}
