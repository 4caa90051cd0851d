import { CollectiveError, isCollectiveError } from '../base/index.js';

/** Why OpenSSL's verification of the other end's certificate failed, by the code Node gives it. */
const VERIFY_REASONS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'it has expired'],
  ['CERT_NOT_YET_VALID', 'it is not valid yet (is a clock wrong?)'],
  ['CERT_SIGNATURE_FAILURE', 'its signature is not by the trusted CA (another CA of the same name)'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'it is signed by itself, not by the trusted CA'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'it comes from another CA'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'it comes from another CA'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'it comes from another CA'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'it comes from another CA'],
  ['CERT_UNTRUSTED', 'it comes from another CA'],
  ['INVALID_CA', 'it is signed by a certificate that is no CA'],
  ['INVALID_PURPOSE', 'it is not made for this end of a connection'],
  ['CERT_REVOKED', 'it was revoked'],
]);

/** Why the other end refused ours, by the TLS alert it sent. */
const ALERT_REASONS: readonly (readonly [RegExp, string])[] = [
  [/ALERT_CERTIFICATE_REQUIRED/, 'none was sent'],
  [/ALERT_UNKNOWN_CA/, 'it comes from another CA'],
  [/ALERT_CERTIFICATE_EXPIRED/, 'it has expired'],
  [/ALERT_CERTIFICATE_REVOKED/, 'it was revoked'],
  [
    /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_UNKNOWN|ACCESS_DENIED|DECRYPT_ERROR)/,
    'it is not acceptable there',
  ],
];

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** CERTIFICATE_INVALID for a code of certificate verification. */
export function certificateRefused(remote: string, verifyCode: string, cause?: unknown): CollectiveError {
  const reason = VERIFY_REASONS.get(verifyCode) ?? `verification says ${verifyCode}`;
  return new CollectiveError('CERTIFICATE_INVALID', `The certificate of ${remote} was refused: ${reason}.`, {
    next: 'Check that both ends belong to the same member, and that their clocks are right.',
    details: { remote, reason: verifyCode },
    cause,
  });
}

/** What to call a failure of a connection that this end dialled. */
export function dialFailure(remote: string, error: unknown): CollectiveError {
  if (isCollectiveError(error)) return error;
  const code = codeOf(error);
  if (VERIFY_REASONS.has(code)) return certificateRefused(remote, code, error);
  const alert = ALERT_REASONS.find(([pattern]) => pattern.test(code));
  if (alert !== undefined) {
    return new CollectiveError('CERTIFICATE_INVALID', `${remote} refused the certificate of this end: ${alert[1]}.`, {
      next: 'Join again with a new invite; if the certificate should be good still, compare the clocks of both machines.',
      details: { remote, reason: code },
      cause: error,
    });
  }
  const why = code.startsWith('ERR_SSL') || code === 'EPROTO' ? 'it does not speak TLS 1.3' : code === '' ? String(error) : code;
  return new CollectiveError('NODE_UNREACHABLE', `${remote} cannot be reached: ${why}.`, {
    next: 'Check that it runs, and that its address and port are right.',
    details: { remote, reason: code },
    cause: error,
  });
}

/** What to call a handshake that came in and failed. */
export function acceptFailure(remote: string, error: unknown): CollectiveError {
  const code = codeOf(error);
  const what = code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'did not finish the TLS handshake in time' : 'made no TLS 1.3 handshake';
  return new CollectiveError('PROTOCOL_ERROR', `${remote} ${what}${code === '' ? '' : ` (${code})`}.`, {
    details: { remote, reason: code },
    cause: error,
  });
}

/**
 * In TLS 1.3 the end that dials has finished its handshake before the other end has looked at its certificate, and Node
 * says nothing when it refuses one: so this is all that a refusal looks like from here.
 */
export function closedWithoutAWord(remote: string, cause?: unknown): CollectiveError {
  return new CollectiveError(
    'NODE_UNREACHABLE',
    `${remote} closed the connection right after the handshake: it refused the certificate of this end, or it stopped.`,
    { next: 'If it happens again, read the log of the other end: it names the reason.', details: { remote }, cause },
  );
}

export const cutOff = (remote: string, cause?: unknown): CollectiveError =>
  new CollectiveError('NODE_UNREACHABLE', `The connection to ${remote} was cut.`, { details: { remote }, cause });

export const closedHere = (remote: string): CollectiveError =>
  new CollectiveError('CANCELLED', `The connection to ${remote} was closed at this end.`, { details: { remote } });
