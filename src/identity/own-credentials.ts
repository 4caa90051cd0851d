import type { CollectiveError, MemberId, Result } from '../base/index.js';
import { isIssuedBy, type LeafCheck, leafValidity, type PeerIdentity, replacedCa, verifyLeaf } from './leaf.js';
import type { TrustedCa } from './trusted-ca.js';

/** A CA of the same member before the present one. */
export interface PreviousCa {
  readonly ca: TrustedCa;
  /** Its leaves are accepted until then, and never after. */
  readonly untilMs: number;
}

/** What a process needs to speak as itself: its own leaf, the key for it, and whom it trusts. */
export interface OwnCredentials {
  readonly memberId: MemberId;
  /** The present CA of the member. */
  readonly ca: TrustedCa;
  /** DER. Issued by the present CA or by one before it. */
  readonly leaf: Uint8Array;
  /** PKCS#8. */
  readonly privateKeyPem: string;
  readonly previousCas?: readonly PreviousCa[];
  /** Where these can be replaced while they are in use: told after each replacement. Returns what ends that. */
  onChange?(listener: () => void): () => void;
}

export type CredentialSet = Omit<OwnCredentials, 'onChange'>;

/** Credentials that are replaced while they are in use: whoever holds this object has the present ones at every moment. */
export class LiveCredentials implements OwnCredentials {
  readonly memberId: MemberId;
  readonly #listeners = new Set<() => void>();
  #present: CredentialSet;

  constructor(first: CredentialSet) {
    this.memberId = first.memberId;
    this.#present = first;
  }

  get ca(): TrustedCa {
    return this.#present.ca;
  }

  get leaf(): Uint8Array {
    return this.#present.leaf;
  }

  get privateKeyPem(): string {
    return this.#present.privateKeyPem;
  }

  get previousCas(): readonly PreviousCa[] {
    return this.#present.previousCas ?? [];
  }

  /** The present ones as they are now; unlike this object they stay. */
  get present(): CredentialSet {
    return this.#present;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** All of it at once; connections that are open stay. */
  replace(next: CredentialSet): void {
    this.#present = next;
    for (const listener of this.#listeners) listener();
  }
}

/** Every CA of the member that these credentials know, the present one first. What one is good for is for `verifyMemberLeaf`. */
export const casOf = ({ ca, previousCas = [] }: Pick<OwnCredentials, 'ca' | 'previousCas'>): readonly TrustedCa[] => [
  ca,
  ...previousCas.map((previous) => previous.ca),
];

/** As `verifyLeaf`, by the member's present CA or, as long as it is accepted, by one before it. */
export function verifyMemberLeaf(
  leafDer: Uint8Array,
  own: Pick<OwnCredentials, 'ca' | 'memberId' | 'previousCas'>,
  check: Pick<LeafCheck, 'nowMs' | 'roles'>,
): Result<PeerIdentity, CollectiveError> {
  const { memberId, previousCas = [] } = own;
  const byPresent = verifyLeaf(leafDer, { ...check, ca: own.ca, memberId });
  if (byPresent.ok || previousCas.length === 0) return byPresent;
  for (const { ca, untilMs } of previousCas) {
    const byPrevious = verifyLeaf(leafDer, { nowMs: check.nowMs, ca, memberId });
    if (byPrevious.ok)
      return check.nowMs <= untilMs ? verifyLeaf(leafDer, { ...check, ca, memberId }) : replacedCa(byPrevious.value, untilMs);
    if (isIssuedBy(leafDer, ca)) return byPrevious;
  }
  return byPresent;
}

/** Whom these credentials are of, whether or not they have expired. Errors: CERTIFICATE_INVALID, PERMISSION_DENIED. */
export function ownIdentity(own: OwnCredentials, roles?: LeafCheck['roles']): Result<PeerIdentity, CollectiveError> {
  const issuer = casOf(own).find((ca) => isIssuedBy(own.leaf, ca)) ?? own.ca;
  const nowMs = leafValidity(own.leaf)?.notBeforeMs ?? 0;
  return verifyLeaf(own.leaf, { ca: issuer, memberId: own.memberId, nowMs, ...(roles === undefined ? {} : { roles }) });
}
