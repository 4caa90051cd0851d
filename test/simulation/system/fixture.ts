import { accept, toBase32, type ClientId, type MemberId, type NodeId } from '../../../src/base/index.js';
import { initialiseMember, type MemberMaterial } from '../../../src/coordinator/index.js';
import { certificateIssued } from '../../../src/coordinator/member/certificate-issued.js';
import { logDirectoryOf } from '../../../src/coordinator/open-member.js';
import { openLog, type CollectiveEvent } from '../../../src/events/index.js';
import {
  createSigner,
  generateKeyPair,
  issueLeaf,
  verifyLeaf,
  type OwnCredentials,
  type PeerName,
} from '../../../src/identity/index.js';
import { NodeHasher, NodeSignatureVerifier } from '../../../src/runtime/index.js';
import { SeededRandom, SimClock, SimFileSystem, SimKeyValueStores, SimTime } from '../ports/index.js';
import { KnownSignatures } from './known-signatures.js';

export const NODE_COUNT = 3;
export const CLIENT_COUNT = 2;
export const COORDINATOR = 'coordinator';
export const HOME_ENDPOINT = `${COORDINATOR}:7400`;
export const ENROLMENT_ENDPOINT = `${COORDINATOR}:7401`;
/** Where everything of the coordinator lies on its disk. */
export const DIRECTORY = '/member';

export const hasher = new NodeHasher();
export const verifier = new KnownSignatures(new NodeSignatureVerifier());

export interface FixtureNode {
  readonly host: string;
  readonly nodeId: NodeId;
  readonly own: OwnCredentials;
}

export interface FixtureClient {
  readonly host: string;
  readonly clientId: ClientId;
  readonly own: OwnCredentials;
}

/** A member with nodes and clients that have joined, as it is on the day before the simulation. */
export interface Fixture {
  readonly memberId: MemberId;
  readonly material: MemberMaterial;
  readonly disk: SimFileSystem;
  readonly nodes: readonly FixtureNode[];
  readonly clients: readonly FixtureClient[];
}

let made: Promise<Fixture> | undefined;

/**
 * The same for every seed, and so made once a process: keys and certificates come out of a thread pool, in real time, so they
 * have no place inside a simulation.
 */
export function fixture(): Promise<Fixture> {
  made ??= make();
  return made;
}

async function make(): Promise<Fixture> {
  const random = new SeededRandom('member');
  const clock = new SimClock(new SimTime());
  const disk = new SimFileSystem();
  await disk.makeDirectory(DIRECTORY);
  const founded = await initialiseMember({
    directory: DIRECTORY,
    name: 'alice',
    clientName: 'client-1',
    passphrase: 'correct horse battery',
    homeEndpoints: [HOME_ENDPOINT],
    enrolmentEndpoints: [ENROLMENT_ENDPOINT],
    files: { readSecret: nothing, readPublic: nothing, write: () => Promise.resolve() },
    ports: { fileSystem: disk, stores: new SimKeyValueStores(), clock, random, hasher, verifier },
  });
  const { material, firstClient } = founded;
  const { memberId, ca, caKeys, name } = material;
  const events: CollectiveEvent[] = [];
  const join = async (peer: PeerName, label: string): Promise<OwnCredentials> => {
    const keys = generateKeyPair(random, hasher);
    const nowMs = clock.nowMs();
    const leaf = await issueLeaf({ ca, caKeys, name: peer, publicKey: keys.publicKey, nowMs, random });
    accept(verifyLeaf(leaf, { ca, memberId, nowMs }));
    events.push(certificateIssued({ leaf, ca, memberId, name: label, nowMs }));
    if (peer.role === 'node') events.push({ type: 'NodeRegistered', nodeId: peer.nodeId, name: label });
    return { memberId, ca, leaf, privateKeyPem: keys.privateKeyPem };
  };
  const shortId = (): string => toBase32(random.bytes(10));
  const nodes: FixtureNode[] = [];
  for (let number = 1; number <= NODE_COUNT; number += 1) {
    const [host, nodeId] = [`node-${number}`, shortId() as NodeId];
    nodes.push({ host, nodeId, own: await join({ role: 'node', memberId, nodeId }, host) });
  }
  const { clientId, leaf, keys } = firstClient;
  const clients: FixtureClient[] = [
    { host: 'client-1', clientId, own: { memberId, ca, leaf, privateKeyPem: keys.privateKeyPem } },
  ];
  for (let number = 2; number <= CLIENT_COUNT; number += 1) {
    const [host, ownId] = [`client-${number}`, shortId() as ClientId];
    clients.push({ host, clientId: ownId, own: await join({ role: 'client', memberId, clientId: ownId }, host) });
  }
  const log = await openLog({
    fileSystem: disk,
    clock,
    random,
    hasher,
    verifier,
    directory: logDirectoryOf(DIRECTORY, memberId),
    origin: memberId,
    signer: createSigner(material.logKeys),
  });
  const block = log.begin();
  for (const event of events) block.add({ event, actor: 'coordinator', request: undefined, cause: undefined });
  await block.commit();
  await log.close();
  return { memberId, material: { ...material, name }, disk: disk.copy('everything'), nodes, clients };
}

const nothing = (): Promise<string> => Promise.reject(new Error('nothing is read back'));
