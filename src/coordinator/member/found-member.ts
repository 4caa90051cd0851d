import { accept, type ClientId, toBase32 } from '../../base/index.js';
import type { CollectiveEvent } from '../../events/index.js';
import {
  createMemberCa,
  createSigner,
  endorse,
  generateKeyPair,
  issueLeaf,
  type KeyPair,
  memberIdOf,
  openCa,
  type PeerName,
  sealIdentityKey,
  type TrustedCa,
} from '../../identity/index.js';
import type { Hasher, Random } from '../../ports/index.js';
import type { FoundedMember } from './member-files.js';
import { certificateIssued } from './certificate-issued.js';

const FIRST_POSITION = { epoch: 1, sequence: 1 } as const;
const SHORT_ID_BYTES = 10;

export interface FoundMemberOptions {
  readonly name: string;
  readonly clientName: string;
  readonly passphrase: string;
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
  readonly peerEndpoints?: readonly string[];
  readonly certificateLifeMs?: number;
  readonly nowMs: number;
  readonly ports: { readonly random: Random; readonly hasher: Hasher };
}

/**
 * Makes a new member: identity key, CA, log key, ticket key, the coordinator's certificate and that of a first client on this
 * machine; and the events that open its log. Nothing is written. Error: USAGE (the passphrase).
 */
export async function foundMember(
  options: FoundMemberOptions,
): Promise<{ readonly founded: FoundedMember; readonly events: readonly CollectiveEvent[] }> {
  const {
    nowMs,
    name,
    ports: { random, hasher },
  } = options;
  const newKeys = (): KeyPair => generateKeyPair(random, hasher);
  const identityKeys = newKeys();
  const memberId = memberIdOf(identityKeys.publicKey, hasher);
  const identityFile = accept(await sealIdentityKey({ memberId, keys: identityKeys }, options.passphrase, { random, hasher }));
  const [caKeys, logKeys, ticketKeys, coordinatorKeys, clientKeys] = [newKeys(), newKeys(), newKeys(), newKeys(), newKeys()];
  const ca: TrustedCa = accept(openCa(await createMemberCa({ memberId, keys: caKeys, nowMs, random })));
  const clientId = toBase32(random.bytes(SHORT_ID_BYTES)) as ClientId;
  const coordinatorName: PeerName = { role: 'coordinator', memberId };
  const clientName: PeerName = { role: 'client', memberId, clientId };
  const life = options.certificateLifeMs === undefined ? {} : { lifeMs: options.certificateLifeMs };
  const coordinatorLeaf = await issueLeaf({
    ca,
    caKeys,
    name: coordinatorName,
    publicKey: coordinatorKeys.publicKey,
    nowMs,
    random,
    ...life,
  });
  const clientLeaf = await issueLeaf({ ca, caKeys, name: clientName, publicKey: clientKeys.publicKey, nowMs, random, ...life });
  const signer = createSigner(identityKeys);
  return {
    founded: {
      material: { memberId, name, ca, caKeys, logKeys, ticketKeys, coordinatorKeys, coordinatorLeaf },
      identityFile,
      firstClient: { clientId, keys: clientKeys, leaf: clientLeaf },
    },
    events: [
      {
        type: 'CollectiveFounded',
        memberId,
        name,
        identityPublicKey: identityKeys.publicKey,
        caCertificate: ca.der,
        caEndorsement: endorse({ memberId, purpose: 'member-ca', subject: ca.sha256, validFrom: FIRST_POSITION }, signer),
        logPublicKey: logKeys.publicKey,
        logKeyEndorsement: endorse(
          { memberId, purpose: 'log-key', subject: logKeys.publicKey, validFrom: FIRST_POSITION },
          signer,
        ),
      },
      {
        type: 'CoordinatorEndpointsChanged',
        home: options.homeEndpoints,
        enrolment: options.enrolmentEndpoints,
        peer: options.peerEndpoints ?? [],
      },
      certificateIssued({ leaf: coordinatorLeaf, ca, memberId, name, nowMs }),
      certificateIssued({ leaf: clientLeaf, ca, memberId, name: options.clientName, nowMs }),
    ],
  };
}
