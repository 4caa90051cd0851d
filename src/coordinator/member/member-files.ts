import { type ClientId, CollectiveError, isCollectiveError, type MemberId } from '../../base/index.js';
import {
  acceptFrom,
  certificatePem,
  certificatesOfPem,
  checkKeyFile,
  isForKey,
  memberNamedIn,
  openCa,
  openKeyPair,
  type KeyPair,
  type TrustedCa,
} from '../../identity/index.js';
import type { Hasher } from '../../ports/index.js';

/** Where a coordinator's keys and certificates lie; paths are relative to its directory. */
export const MEMBER_FILES = {
  identityKey: 'keys/identity.json',
  caKey: 'keys/ca.key',
  logKey: 'keys/log.key',
  ticketKey: 'keys/ticket.key',
  /** Made for a rotation; in use once the log names it. */
  nextCaKey: 'keys/ca.next.key',
  nextLogKey: 'keys/log.next.key',
  coordinatorKey: 'keys/coordinator.key',
  /** Made for a renewal; in use once the certificate is for it. */
  nextCoordinatorKey: 'keys/coordinator.next.key',
  caCertificate: 'certificates/ca.crt',
  coordinatorCertificate: 'certificates/coordinator.crt',
} as const;

/** Reads and writes them; secrets are refused unless nobody else can reach them (KEY_FILE_UNSAFE). */
export interface MemberFileStore {
  readSecret(path: string): Promise<string>;
  readPublic(path: string): Promise<string>;
  /** Durable, mode 0600 in folders of mode 0700. */
  write(path: string, text: string): Promise<void>;
}

/** The keys and certificates that a running coordinator works with. The identity key is not among them. */
export interface MemberMaterial {
  readonly memberId: MemberId;
  readonly name: string;
  readonly ca: TrustedCa;
  readonly caKeys: KeyPair;
  /** Of a rotation that may have been cut short; which keys count is for the log to say. */
  readonly nextCaKeys?: KeyPair;
  readonly logKeys: KeyPair;
  readonly nextLogKeys?: KeyPair;
  readonly ticketKeys: KeyPair;
  readonly coordinatorKeys: KeyPair;
  /** DER of the coordinator's own leaf. */
  readonly coordinatorLeaf: Uint8Array;
}

/** What `foundMember` made besides: for the one-time set-up only. */
export interface FoundedMember {
  readonly material: MemberMaterial;
  /** The encrypted identity key, as text for its file. */
  readonly identityFile: string;
  readonly firstClient: { readonly clientId: ClientId; readonly keys: KeyPair; readonly leaf: Uint8Array };
}

export async function writeMemberFiles(founded: FoundedMember, store: MemberFileStore): Promise<void> {
  const { material } = founded;
  await store.write(MEMBER_FILES.identityKey, founded.identityFile);
  await store.write(MEMBER_FILES.caKey, material.caKeys.privateKeyPem);
  await store.write(MEMBER_FILES.logKey, material.logKeys.privateKeyPem);
  await store.write(MEMBER_FILES.ticketKey, material.ticketKeys.privateKeyPem);
  await store.write(MEMBER_FILES.coordinatorKey, material.coordinatorKeys.privateKeyPem);
  await store.write(MEMBER_FILES.caCertificate, material.ca.pem);
  await store.write(MEMBER_FILES.coordinatorCertificate, certificatePem(material.coordinatorLeaf));
}

/** Errors: KEY_FILE_UNSAFE, NOT_FOUND, DATA_FORMAT_UNSUPPORTED, CERTIFICATE_INVALID, CONFIG_INVALID (keys of another member). */
export async function readMemberFiles(
  member: { readonly memberId: MemberId; readonly name: string },
  store: MemberFileStore,
  hasher: Hasher,
): Promise<MemberMaterial> {
  // The identity key is not needed to run, but it must not lie open either.
  await store.readSecret(MEMBER_FILES.identityKey);
  const keyPair = async (path: string): Promise<KeyPair> => acceptFrom(path, openKeyPair(await store.readSecret(path), hasher));
  const nextKeyPair = async (path: string): Promise<KeyPair | undefined> => {
    try {
      return await keyPair(path);
    } catch (error) {
      if (isCollectiveError(error) && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  };
  const [nextCaKeys, nextLogKeys] = [await nextKeyPair(MEMBER_FILES.nextCaKey), await nextKeyPair(MEMBER_FILES.nextLogKey)];
  const { coordinatorCertificate, caCertificate, caKey, coordinatorKey } = MEMBER_FILES;
  const [coordinatorLeaf] = acceptFrom(coordinatorCertificate, certificatesOfPem(await store.readPublic(coordinatorCertificate)));
  const ca = acceptFrom(caCertificate, openCa(await store.readPublic(caCertificate)));
  const [caKeys, keptKeys] = [await keyPair(caKey), await keyPair(coordinatorKey)];
  const nextKeys = await nextKeyPair(MEMBER_FILES.nextCoordinatorKey);
  // A renewal that was cut short leaves the certificate of the next key.
  const coordinatorKeys = nextKeys !== undefined && isForKey(coordinatorLeaf, nextKeys.publicKey) ? nextKeys : keptKeys;
  const [logKeys, ticketKeys] = [await keyPair(MEMBER_FILES.logKey), await keyPair(MEMBER_FILES.ticketKey)];
  const all = [
    { path: caKey, ...caKeys },
    { path: coordinatorKey, ...coordinatorKeys },
    { path: MEMBER_FILES.logKey, ...logKeys },
    { path: MEMBER_FILES.ticketKey, ...ticketKeys },
  ];
  checkKeyFile({ path: coordinatorCertificate, der: coordinatorLeaf }, { path: coordinatorKey, ...coordinatorKeys }, all);
  const named = memberNamedIn(coordinatorLeaf);
  if (named !== undefined && named !== member.memberId) {
    throw new CollectiveError(
      'CONFIG_INVALID',
      `The settings are of member ${member.memberId}, and ${coordinatorCertificate} is of member ${named}.`,
      { next: 'Correct memberId in coordinator.json, or put both files back from one backup.' },
    );
  }
  // A rotation that was cut short leaves the certificate of the next key.
  if (nextCaKeys === undefined || !isForKey(ca.der, nextCaKeys.publicKey)) {
    checkKeyFile({ path: caCertificate, der: ca.der }, { path: caKey, ...caKeys }, all);
  }
  return {
    ...member,
    ca,
    caKeys,
    ...(nextCaKeys === undefined ? {} : { nextCaKeys }),
    logKeys,
    ...(nextLogKeys === undefined ? {} : { nextLogKeys }),
    ticketKeys,
    coordinatorKeys,
    coordinatorLeaf,
  };
}
