import { revoked } from '../../domain/index.js';
import type { PeerIdentity } from '../../identity/index.js';
import type { ViewHost } from '../../projections/index.js';

export type RevocableRole = 'node' | 'client';

/** Who is revoked, in memory: asked at every call. */
export class Revocations {
  readonly #revoked = new Set<string>();
  #position = 0;

  /** What is on record. */
  static async load(views: ViewHost): Promise<Revocations> {
    const revocations = new Revocations();
    const { position, subjects } = await views.run(({ certificates }) => ({
      position: certificates.revocationPosition(),
      subjects: [...certificates.subjects('node'), ...certificates.subjects('client')],
    }));
    for (const { role, subjectId, revocation } of subjects) {
      if (role !== 'coordinator' && revocation !== undefined) revocations.add(role, subjectId, revocation.sequence);
    }
    revocations.#position = Math.max(revocations.#position, position);
    return revocations;
  }

  /** Sequence of the last revocation; 0 before the first. */
  get position(): number {
    return this.#position;
  }

  has(role: RevocableRole, subjectId: string): boolean {
    return this.#revoked.has(`${role}/${subjectId}`);
  }

  add(role: RevocableRole, subjectId: string, sequence: number): void {
    this.#revoked.add(`${role}/${subjectId}`);
    this.#position = Math.max(this.#position, sequence);
  }

  /** Error: CERTIFICATE_REVOKED. */
  admit(caller: PeerIdentity): void {
    if (caller.role === 'node' && this.has('node', caller.nodeId)) throw revoked('node', caller.nodeId);
    if (caller.role === 'client' && this.has('client', caller.clientId)) throw revoked('client', caller.clientId);
  }
}
