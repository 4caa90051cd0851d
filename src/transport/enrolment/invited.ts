import { accept, CollectiveError } from '../../base/index.js';
import { type Invite, type PeerIdentity, verifyEnrolmentServer } from '../../identity/index.js';
import type { Clock, Hasher, Random, SignatureVerifier } from '../../ports/index.js';
import type { EnrolmentChannel, RpcTransport } from '../rpc/channel.js';

export interface RedeemWorld {
  readonly transport: RpcTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** Who invites, and a connection to that very server. */
export interface Host<Of extends Invite = Invite> {
  readonly invite: Of;
  readonly server: PeerIdentity;
  readonly enrolment: EnrolmentChannel;
}

/**
 * Goes where an invite leads, and checks that the server is whom it pins before anything is sent. The connection ends with
 * `use`. Errors: CERTIFICATE_INVALID, COORDINATOR_UNREACHABLE, CANCELLED, and those of `use`.
 */
export async function asInvited<Of extends Invite, Result>(
  invite: Of,
  { transport, clock }: RedeemWorld,
  signal: AbortSignal,
  use: (host: Host<Of>) => Promise<Result>,
): Promise<Result> {
  let server: PeerIdentity | undefined;
  const enrolment = await transport.connectEnrolment({
    endpoints: invite.endpoints,
    signal,
    verifyServer: (chain) => {
      const verified = accept(verifyEnrolmentServer(chain, invite, clock.nowMs()));
      server = verified.server;
      return verified.ca;
    },
  });
  try {
    if (server === undefined) throw new CollectiveError('CERTIFICATE_INVALID', 'The server was not verified.');
    return await use({ invite, server, enrolment });
  } finally {
    enrolment.channel.close();
  }
}
