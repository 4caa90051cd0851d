import {
  createClient,
  type ListPeersResponse,
  PeerAdminServiceDefinition,
  type PeerLogInfo,
} from '../../../src/transport/index.js';
import { openLogCopy } from '../../../src/events/index.js';
import { logDirectoryOf } from '../../../src/coordinator/index.js';
import { hasher, verifier } from '../system/fixture.js';
import { holds, Violation } from '../system/violation.js';
import { isCollectiveError, type MemberId, toHex } from '../../../src/base/index.js';
import { ViewHost } from '../../../src/projections/index.js';
import { DIRECTORY, type FoundedMember, HOME_PORT } from './fixture.js';
import { sameHead } from './ledger.js';
import type { MemberHost } from './member-host.js';
import type { World } from './world.js';

const LIMIT_MS = 10_000;

/** Whether everybody holds all of the log of everybody who is honest. */
export function isConverged({ members, ledger }: World): boolean {
  return members.every(({ founded: holder }) =>
    members.every(({ founded: { memberId } }) => sameHead(ledger.log(holder.memberId, memberId), ledger.log(memberId, memberId))),
  );
}

/** Why it is not yet as it has to become; undefined once it is. */
export async function lacking(world: World): Promise<string | undefined> {
  const apart = (): string | undefined => (isConverged(world) ? undefined : `not everybody holds the same: ${world.positions()}`);
  const before = apart();
  if (before !== undefined) return before;
  try {
    await checkAllSaid(world);
    // Somebody may have put something on record meanwhile.
    return apart();
  } catch (error) {
    if (error instanceof Violation) return error.message;
    if (isCollectiveError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** That everybody holds the same and everything that was acknowledged, and says of everybody what is true. */
export async function checkConverged(world: World): Promise<void> {
  const { members, ledger } = world;
  for (const { founded: holder, host } of members) {
    ledger.read(holder.memberId);
    for (const { founded: owner, host: name } of members) {
      const [held, own] = [ledger.log(holder.memberId, owner.memberId), ledger.log(owner.memberId, owner.memberId)];
      holds(sameHead(held, own), `${host} holds the log of ${name} up to ${held.sequence}, and it ends at ${own.sequence}`);
      ledger.checkHeld(holder.memberId, owner.memberId);
    }
  }
  await checkAllSaid(world);
}

async function checkAllSaid(world: World): Promise<void> {
  const { members, evil, ledger } = world;
  const logs: PeerLogInfo[] = [];
  // A member may put something on record while others are asked: what each has applied is held against what stood before.
  const ends = new Map(members.map(({ founded: { memberId } }) => [memberId, ledger.log(memberId, memberId).sequence]));
  for (const member of members) {
    const said = await peersOf(world, member);
    checkSaid(world, member, said, ends);
    logs.push(...said.logs.filter(({ origin }) => origin === evil?.founded.memberId));
  }
  if (evil?.sin !== 'two blocks at one position' || logs.every(({ frozen }) => frozen !== '')) return;
  // It may have kept one of its branches to itself: then nobody has taken anything of it.
  const { name } = evil.founded;
  holds(logs.length === members.length, `not everybody knows ${name}`);
  holds(
    logs.every(({ frozen }) => frozen === ''),
    `${name} signed two blocks for one position, and only some have found it`,
  );
  holds(
    logs.every(({ sequence }) => sequence === logs[0]?.sequence),
    `${name} signed two blocks for one position: nobody has found it, and not all hold the same`,
  );
}

/** What its own people are told: everybody is here, nothing is behind, and only who is dishonest is frozen. */
function checkSaid(
  { members, evil }: World,
  { host, founded }: MemberHost,
  said: ListPeersResponse,
  ends: ReadonlyMap<MemberId, number>,
): void {
  for (const { host: name, founded: other } of members) {
    if (other === founded) continue;
    const peer = said.peers.find(({ memberId }) => memberId === other.memberId);
    holds(peer?.connection === 'connected', `${host} says that ${name} is ${peer?.connection ?? 'nobody'}: ${peer?.reason}`);
    const log = said.logs.find(({ origin }) => origin === other.memberId);
    holds(log !== undefined, `${host} says nothing of the log of ${name}`);
    holds(log.frozen === '', `${host} has frozen the log of ${name}, who is honest: ${log.frozen}`);
    const sequence = ends.get(other.memberId) ?? 0;
    holds(log.appliedSequence >= sequence, `${host} has applied ${log.appliedSequence} of ${sequence} events of ${name}`);
  }
  const log = said.logs.find(({ origin }) => origin === evil?.founded.memberId);
  if (evil === undefined) return;
  const frozen = log?.frozen ?? '';
  if (evil.sin === 'an event that cannot be') {
    holds(frozen !== '', `${host} has not frozen the log of ${evil.founded.name}, which says what cannot be`);
    holds(
      log?.appliedSequence === evil.commonSequence,
      `${host} has applied ${log?.appliedSequence} events, not ${evil.commonSequence}`,
    );
  }
}

async function peersOf(world: World, member: MemberHost): Promise<ListPeersResponse> {
  const { founded, host } = member;
  const person = world.clients.find((client) => client.founded === founded);
  holds(person !== undefined, 'every member has a client');
  const { machine } = person;
  const { timers, random } = machine.boot();
  const transport = world.rpc.from({ host: machine.host, clock: machine.clock, timers, random });
  const channel = transport.connect({ endpoints: [`${host}:${HOME_PORT}`], own: founded.client.own });
  try {
    const calls = createClient(PeerAdminServiceDefinition, channel);
    return await calls.listPeers({}, { signal: new AbortController().signal, timeoutMs: LIMIT_MS });
  } finally {
    channel.close();
    person.kill();
  }
}

/** Stops everybody in order, and compares what their views of each log have come to. */
export async function checkStopped(world: World): Promise<void> {
  const { members, evil } = world;
  await Promise.all(members.map((member) => member.stop()));
  const origins = [...members.map(({ founded }) => founded), ...(evil === undefined ? [] : [evil.founded])];
  const states = new Map<string, { readonly hash: string; readonly host: string }>();
  const unproven = new Map<string, string>();
  for (const member of members) {
    const hidden = await checkCopies(world, member, origins);
    if (hidden !== undefined) unproven.set(hidden, member.host);
    holds(
      unproven.size < 2,
      `${[...unproven.values()].join(' and ')} hold different logs of ${evil?.founded.name}, and no proof of it`,
    );
    for (const { origin, at, sequence, name, hash } of await statesOf(member, origins)) {
      // Whose stop came between the proof of a fork and its views' way back stands on one of two branches.
      const isOfBranch = evil?.sin === 'two blocks at one position' && origin === evil.founded && sequence > evil.commonSequence;
      if (isOfBranch) continue;
      const known = states.get(`${origin.memberId} ${at} ${name}`);
      states.set(`${origin.memberId} ${at} ${name}`, { hash, host: member.host });
      const same = known === undefined || known.hash === hash;
      holds(same, `${member.host} and ${known?.host} make different things of event ${at} of ${origin.name} in ${name}`);
      if (known !== undefined) world.count('view states compared');
    }
  }
}

/** Every block of every copy, with its signature. The head of the dishonest one's log, where there is no proof that it has forked. */
async function checkCopies({ evil }: World, member: MemberHost, origins: readonly FoundedMember[]): Promise<string | undefined> {
  let unproven: string | undefined;
  const { founded, host, machine } = member;
  for (const { memberId: origin, name } of origins) {
    if (origin === founded.memberId) continue;
    const directory = logDirectoryOf(DIRECTORY, origin);
    const copy = await openLogCopy({ fileSystem: machine.disk, hasher, verifier, directory, origin });
    for await (const said of copy.verify()) {
      holds(said.kind !== 'damage', `${host} holds a damaged log of ${name}: ${said.kind === 'damage' ? said.problem : ''}`);
    }
    if (origin !== evil?.founded.memberId || evil.sin !== 'two blocks at one position') {
      holds(copy.fork === undefined, `${host} holds a proof that ${name} has forked`);
    }
    for await (const { header, bytes } of copy.read({ fromSequence: 1 })) {
      if (origin !== evil?.founded.memberId) continue;
      holds(evil.hasSigned(bytes), `${host} holds event ${header.firstSequence} of ${name}, who never signed it so`);
    }
    if (origin === evil?.founded.memberId && copy.fork === undefined) unproven = toHex(copy.head.headerHash);
    await copy.close();
  }
  return unproven;
}

interface OriginState {
  readonly origin: FoundedMember;
  readonly at: string;
  readonly sequence: number;
  readonly name: string;
  readonly hash: string;
}

async function statesOf(member: MemberHost, origins: readonly FoundedMember[]): Promise<readonly OriginState[]> {
  const store = await member.machine.stores.open(`${DIRECTORY}/views`, 'open');
  const { memberId: own } = member.founded;
  const views = await ViewHost.open(store, { origins: [own, ...origins.map(({ memberId }) => memberId)], hasher });
  const [dropped] = views.dropped;
  holds(dropped === undefined, `${member.host} has views that cannot be used: ${dropped?.reason}`);
  const found: OriginState[] = [];
  for (const origin of origins) {
    const { epoch, sequence } = views.position(origin.memberId);
    for (const state of views.states(origin.memberId)) {
      found.push({
        origin,
        at: `${epoch}-${sequence}`,
        sequence,
        name: `${state.name} ${state.projectionVersion}`,
        hash: state.stateHash,
      });
    }
  }
  await views.close();
  return found;
}
