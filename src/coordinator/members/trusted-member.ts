import type { MemberId } from '../../base/index.js';
import { LIMITS } from '../../base/index.js';
import { acceptTrust, isMemberCa, type ToldTrust } from '../../identity/index.js';
import type { Hasher, SignatureVerifier } from '../../ports/index.js';
import type { TrustedMember } from './peer-trust.js';

/** What is on record of an admitted member in the own log. */
export interface AdmittedMember {
  readonly memberId: MemberId;
  readonly name: string;
  readonly told: ToldTrust;
  readonly endpoints: readonly string[];
}

/** What came later: from the copy of its log, or from its coordinator. */
export interface LaterWord {
  readonly told: ToldTrust;
  /** Of its peer listener; empty: nothing was said. */
  readonly endpoints: readonly string[];
}

interface TrustPorts {
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/**
 * A member as it is to be trusted: by the newest CA that its identity key has endorsed, whoever brought it; at the endpoints of
 * the latest word, then at those before; `place` is where its coordinator has said itself that it is. Undefined where nothing of what is on record holds.
 */
export function trustedMember(
  admitted: AdmittedMember,
  later: readonly LaterWord[],
  place: readonly string[],
  ports: TrustPorts,
): TrustedMember | undefined {
  const { memberId, name } = admitted;
  let trusted: Pick<TrustedMember, 'ca' | 'previousCas' | 'cas' | 'identityPublicKey'> | undefined;
  const endpoints: string[] = [];
  for (const word of [admitted, ...later]) {
    const ca = trusted === undefined ? {} : { ca: trusted.ca };
    const accepted = acceptTrust(word.told, { memberId, ...ca }, ports);
    // What is older than what is known, or not endorsed, says nothing about endpoints either.
    if (!accepted.ok || !isMemberCa(accepted.value.ca, memberId)) continue;
    const { identityPublicKey, cas } = word.told;
    trusted = { ...accepted.value, identityPublicKey, cas };
    endpoints.unshift(...word.endpoints);
  }
  if (trusted === undefined) return undefined;
  endpoints.unshift(...place);
  return { memberId, name, ...trusted, endpoints: [...new Set(endpoints)].slice(0, LIMITS.endpointsPerDaemon) };
}
