import { accept, CollectiveError, isCollectiveError, LIMITS } from '../../base/index.js';
import { decideRenewal } from '../../domain/index.js';
import { openCertificateRequest, type PeerIdentity, type PeerName } from '../../identity/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import type { ViewHost, Views } from '../../projections/index.js';
import type {
  AuthenticatedCall,
  CertificateServiceDefinition,
  RenewRequest,
  RenewResponse,
  ServiceImplementation,
} from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { certificateOf } from '../member/certificate-issued.js';
import type { CertificateAuthority } from './authority.js';
import type { UnrecordedLeaves } from './unrecorded-leaves.js';

export interface RenewalDeskOptions {
  readonly authority: CertificateAuthority;
  readonly commands: CommandLoop;
  readonly unrecorded: UnrecordedLeaves;
  readonly views: ViewHost;
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

type Renewable = Extract<PeerName, { readonly role: 'node' | 'client' }>;

const WINDOW_MS = 60_000;

/** Gives those who have a certificate another one. */
export class RenewalDesk implements ServiceImplementation<typeof CertificateServiceDefinition> {
  readonly #options: RenewalDeskOptions;
  /** When each subject was issued certificates lately. */
  readonly #recent = new Map<string, number[]>();

  constructor(options: RenewalDeskOptions) {
    this.#options = options;
  }

  async renew(request: RenewRequest, call: AuthenticatedCall): Promise<RenewResponse> {
    const publicKey = accept(await openCertificateRequest(request.certificateRequest));
    const { caller } = call;
    if (caller.role === 'coordinator')
      throw new CollectiveError('PERMISSION_DENIED', 'A coordinator renews its own certificate.');
    return this.issue(caller, publicKey, caller);
  }

  /**
   * `publicKey` is SPKI DER; `shown` is what is renewed, verified, which goes on record too where it is not. Errors:
   * CERTIFICATE_REVOKED, NOT_FOUND, LIMIT_EXCEEDED.
   */
  async issue(peer: Renewable, publicKey: Uint8Array, shown?: PeerIdentity): Promise<RenewResponse> {
    const { authority, commands, unrecorded, views, homeEndpoints, enrolmentEndpoints, logger } = this.#options;
    const subjectId = peer.role === 'node' ? peer.nodeId : peer.clientId;
    this.#count(`${peer.role}/${subjectId}`);
    const name = await views.run(({ certificates }) => certificates.of(peer.role, subjectId)[0]?.name ?? '');
    const { leaf, certificate } = await authority.issue({ peer: nameOf(peer), name, publicKey });
    const before = unrecorded.of(peer.role, subjectId, shown === undefined ? undefined : certificateOf(shown, name));
    const decide = (all: Views): ReturnType<typeof decideRenewal> => decideRenewal(certificate, all, before);
    try {
      await commands.submit({ actor: `${peer.role}/${subjectId}`, request: undefined, decide, answer: () => undefined });
    } catch (error) {
      // The log may wait for this very node, which keeps it and cannot dial in any more.
      if (peer.role !== 'node' || !isWaiting(error)) throw error;
      const events = accept(await views.run(decide));
      unrecorded.add(...events.filter((event) => event.type === 'CertificateIssued'));
    }
    logger.info('certificate renewed', {
      role: peer.role,
      subjectId,
      name,
      until: new Date(certificate.notAfterMs).toISOString(),
    });
    return {
      certificate: leaf,
      trust: await authority.trust(),
      homeEndpoints: [...homeEndpoints],
      enrolmentEndpoints: [...enrolmentEndpoints],
    };
  }

  /** Every certificate stays in the log for ever. Error: LIMIT_EXCEEDED. */
  #count(subject: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [known, times] of this.#recent) {
      const recent = times.filter((timeMs) => timeMs > nowMs - WINDOW_MS);
      if (recent.length === 0) this.#recent.delete(known);
      else this.#recent.set(known, recent);
    }
    const times = this.#recent.get(subject) ?? [];
    if (times.length >= LIMITS.renewalsPerMinute) {
      throw new CollectiveError('LIMIT_EXCEEDED', `There were ${times.length} certificates for this one within a minute.`, {
        next: 'Wait a minute and try again.',
      });
    }
    this.#recent.set(subject, [...times, nowMs]);
  }
}

/** Nothing can be recorded, or nobody can be told, before witnesses come. */
const isWaiting = (error: unknown): boolean =>
  isCollectiveError(error) && (error.code === 'LOG_READ_ONLY' || error.code === 'WITNESSES_UNREACHABLE');

/** Without what else stands in a certificate. */
const nameOf = (peer: Renewable): PeerName =>
  peer.role === 'node'
    ? { role: 'node', memberId: peer.memberId, nodeId: peer.nodeId }
    : { role: 'client', memberId: peer.memberId, clientId: peer.clientId };
