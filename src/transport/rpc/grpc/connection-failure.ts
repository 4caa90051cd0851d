import { CollectiveError, isCollectiveError } from '../../../base/index.js';
import { explainTlsFailure, notAdmittedAs, type OwnCredentials, standingIn, verifyMemberLeaf } from '../../../identity/index.js';
import type { ProbeOutcome } from './tls-probe.js';

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'the name is not known'],
  ['EAI_AGAIN', 'the name could not be looked up just now'],
  ['ETIMEDOUT', 'no answer came'],
  ['EHOSTUNREACH', 'there is no way to that machine'],
  ['ENETUNREACH', 'there is no way to that network'],
  ['ECONNRESET', 'it closed the connection during the handshake'],
  ['EPROTO', 'it does not speak TLS 1.3'],
]);

/** What is wrong with the certificate that this end would show, if anything: the other end would only hang up on it. */
export function ownCertificateFailure(own: OwnCredentials, nowMs: number): CollectiveError | undefined {
  const verified = verifyMemberLeaf(own.leaf, own, { nowMs });
  if (verified.ok) return undefined;
  const { message, next } = verified.error;
  return new CollectiveError('CERTIFICATE_INVALID', `The certificate of this end cannot be used. ${message}`, {
    next: next ?? 'Join again with a new invite.',
  });
}

/** Why `endpoint` cannot be used, from how a handshake with it went. */
export function connectionFailure(endpoint: string, outcome: ProbeOutcome): CollectiveError {
  switch (outcome.kind) {
    case 'accepted':
      return unreachable(`${endpoint} was reached, and closed the connection again`, 'Try again in a moment.');
    case 'closed-after-handshake':
      return unreachable(
        `connected, but ${endpoint} closed it right after the handshake: it probably does not accept the certificate of this end ` +
          '(of another member, or no longer valid by its clock), or it is stopping',
        "Try again; if it stays, compare the clocks, and look into the coordinator's log: it names the reason.",
      );
    case 'refused':
      return refusedThere(outcome.error);
    case 'failed':
      return handshakeFailure(endpoint, outcome.error);
  }
}

/** In our words: what came is only believed as far as it is understood. */
function refusedThere(said: CollectiveError): CollectiveError {
  const standing = standingIn(said);
  return standing === undefined ? said : notAdmittedAs(standing);
}

/** Whoever is there has a good certificate of this member, of another role; else as it is. */
export function notTheCoordinator(error: CollectiveError): CollectiveError {
  if (error.code !== 'PERMISSION_DENIED') return error;
  const { role } = error.details;
  return new CollectiveError('CERTIFICATE_INVALID', `What listens there is a ${String(role)}, not the coordinator.`, {
    next: "Check the port: the coordinator's home port is 7420 unless it was chosen otherwise; 7430 and up are those of nodes.",
    details: error.details,
    cause: error,
  });
}

function handshakeFailure(endpoint: string, error: Error): CollectiveError {
  if (isCollectiveError(error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const explained = explainTlsFailure(code);
  if (explained !== undefined) {
    const { message, next, details } = explained;
    return new CollectiveError('CERTIFICATE_INVALID', `${endpoint}: ${message}`, {
      ...(next === undefined ? {} : { next }),
      details,
      cause: error,
    });
  }
  const why = REASONS.get(code) ?? (code.startsWith('ERR_SSL') ? 'it does not speak TLS 1.3' : error.message);
  return unreachable(`${endpoint}: ${why}`, nextFor(code), error);
}

function nextFor(code: string): string {
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return 'Something else listens there. Check the port: home is 7420 and enrolment 7421, unless they were chosen otherwise.';
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return "Check the name, and that this machine's network is up.";
  return 'Check that the coordinator runs (collective coordinator start, on its machine), and that the address and port are right.';
}

function unreachable(why: string, next: string, cause?: Error): CollectiveError {
  return new CollectiveError('COORDINATOR_UNREACHABLE', `The coordinator cannot be reached: ${why}.`, {
    next,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** One error for all endpoints that were tried. */
export function allFailed(failures: readonly CollectiveError[]): CollectiveError {
  const [first, ...others] = failures;
  if (first !== undefined && others.length === 0) return first;
  // A certificate that is wrong needs a person; a machine that is down may come back.
  const telling = failures.find(({ code }) => code === 'NOT_ADMITTED' || code === 'CERTIFICATE_INVALID') ?? first;
  // Whoever answers for the member has said all there is to say.
  if (telling?.code === 'NOT_ADMITTED') return telling;
  return new CollectiveError(
    telling?.code ?? 'COORDINATOR_UNREACHABLE',
    failures.length === 0 ? 'No address of the coordinator is known.' : failures.map((failure) => failure.message).join(' '),
    telling?.next === undefined ? {} : { next: telling.next },
  );
}
