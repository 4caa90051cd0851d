import { CollectiveError } from '../base/index.js';

const UNTRUSTED = 'The other end shows a certificate of a CA that is not trusted here.';

/** By OpenSSL's and Node's names. TLS stacks say no more than these, so `verifyLeaf` is the better source where it can be asked. */
const SENTENCES: ReadonlyMap<string, string> = new Map([
  ['SELF_SIGNED_CERT_IN_CHAIN', UNTRUSTED],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', UNTRUSTED],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', UNTRUSTED],
  ['UNABLE_TO_GET_ISSUER_CERT', UNTRUSTED],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', UNTRUSTED],
  ['CERT_SIGNATURE_FAILURE', 'The other end shows a forged certificate: its signature is not that of the CA it names.'],
  ['CERT_HAS_EXPIRED', "The other end's certificate has expired."],
  ['CERT_NOT_YET_VALID', "The other end's certificate is not valid yet: compare the clocks of both machines."],
  ['INVALID_PURPOSE', "The other end's certificate is not made for this use."],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'The other end showed no certificate.'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'The other end asks for a certificate, and none was shown.'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'The other end does not trust the CA of the certificate that was shown.'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'The other end says that the certificate it was shown has expired.'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'The other end refused the certificate that was shown.'],
]);

/** What a failure of a TLS handshake (`code` of the error, or `authorizationError`) says about certificates, if anything. */
export function explainTlsFailure(code: string): CollectiveError | undefined {
  const sentence = SENTENCES.get(code);
  return sentence === undefined
    ? undefined
    : new CollectiveError('CERTIFICATE_INVALID', sentence, {
        next: 'Check that both ends belong to the same member, and that their clocks are right.',
        details: { tls: code },
      });
}
