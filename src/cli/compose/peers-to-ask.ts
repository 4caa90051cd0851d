import { CollectiveError, equalBytes, type MemberId } from '../../base/index.js';
import { isMemberCa, memberNamedIn, openCa, type PeerMember, type TrustedCa } from '../../identity/index.js';
import type { RpcTransport } from '../../transport/index.js';
import type { RecoveryKit } from './recovery-kit.js';

/**
 * Other members' coordinators that may have the log of a lost one: those in the kit, and whoever answers at the addresses that a
 * person gave. Nobody vouches for the CA of the latter unless the kit has it: the log that they give is signed by its owner all the
 * same. Errors: COORDINATOR_UNREACHABLE, CERTIFICATE_INVALID.
 */
export async function peersToAsk(
  options: {
    readonly kit: RecoveryKit;
    readonly peerAddresses: readonly string[];
    readonly onPeer: (address: string, memberId: MemberId) => void;
    readonly signal: AbortSignal;
  },
  transport: Pick<RpcTransport, 'connectEnrolment'>,
): Promise<{ readonly peers: readonly PeerMember[]; readonly unproven: readonly PeerMember[] }> {
  const peers = options.kit.peers.flatMap(({ id: memberId, endpoints, ca }): PeerMember[] => {
    const opened = openCa(ca);
    return opened.ok && endpoints.length > 0 ? [{ memberId, ca: opened.value, previousCas: [], endpoints }] : [];
  });
  const unproven: PeerMember[] = [];
  for (const address of options.peerAddresses) {
    const { memberId, ca } = await whoIsAt(address, transport, options.signal);
    options.onPeer(address, memberId);
    const known = peers.find((peer) => peer.memberId === memberId && equalBytes(peer.ca.sha256, ca.sha256));
    if (known === undefined) unproven.push({ memberId, ca, previousCas: [], endpoints: [address] });
    else peers.push({ ...known, endpoints: [address] });
  }
  return { peers, unproven };
}

async function whoIsAt(
  address: string,
  transport: Pick<RpcTransport, 'connectEnrolment'>,
  signal: AbortSignal,
): Promise<{ readonly memberId: MemberId; readonly ca: TrustedCa }> {
  let found: { readonly memberId: MemberId; readonly ca: TrustedCa } | undefined;
  const verifyServer = ([leaf = new Uint8Array(), issuer = new Uint8Array()]: readonly Uint8Array[]): TrustedCa => {
    const memberId = memberNamedIn(leaf);
    const ca = openCa(issuer);
    if (memberId === undefined || !ca.ok || !isMemberCa(ca.value, memberId))
      throw new CollectiveError('CERTIFICATE_INVALID', `What answers at ${address} is not the coordinator of a member.`, {
        next: 'Give the address of its peer port: 7422 unless it was chosen otherwise.',
      });
    found = { memberId, ca: ca.value };
    return ca.value;
  };
  try {
    const { channel } = await transport.connectEnrolment({ endpoints: [address], verifyServer, signal });
    channel.close();
  } catch (error) {
    // The peer port hangs up on whoever shows no certificate: all that was wanted is known by then.
    if (found === undefined) throw error;
  }
  if (found === undefined) throw new CollectiveError('COORDINATOR_UNREACHABLE', `Nothing answers at ${address}.`);
  return found;
}
