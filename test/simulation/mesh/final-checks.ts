import { createClient, type ListPeersResponse, PeerAdminServiceDefinition } from '../../../src/transport/index.js';
import { openLogCopy } from '../../../src/events/index.js';
import { logDirectoryOf } from '../../../src/coordinator/index.js';
import { hasher, verifier } from '../system/fixture.js';
import { holds } from '../system/violation.js';
import { DIRECTORY, HOME_PORT } from './fixture.js';
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
  for (const member of members) checkSaid(world, member, await peersOf(world, member));
}

/** What its own people are told: everybody is here, nothing is behind, and only who is dishonest is frozen. */
function checkSaid({ members, evil, ledger }: World, { host, founded }: MemberHost, said: ListPeersResponse): void {
  for (const { host: name, founded: other } of members) {
    if (other === founded) continue;
    const peer = said.peers.find(({ memberId }) => memberId === other.memberId);
    holds(peer?.connection === 'connected', `${host} says that ${name} is ${peer?.connection ?? 'nobody'}: ${peer?.reason}`);
    const log = said.logs.find(({ origin }) => origin === other.memberId);
    holds(log !== undefined, `${host} says nothing of the log of ${name}`);
    holds(log.frozen === '', `${host} has frozen the log of ${name}, who is honest: ${log.frozen}`);
    const { sequence } = ledger.log(other.memberId, other.memberId);
    holds(log.appliedSequence === sequence, `${host} has applied ${log.appliedSequence} of ${sequence} events of ${name}`);
  }
  const log = said.logs.find(({ origin }) => origin === evil?.founded.memberId);
  if (evil === undefined) return;
  const frozen = log?.frozen ?? '';
  if (evil.isFound) holds(frozen !== '', `${host} has not found that ${evil.founded.name} signed two blocks for one position`);
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
export async function checkViews(world: World): Promise<void> {
  const { members, evil } = world;
  await Promise.all(members.map((member) => member.stop()));
  const origins = [...members.map(({ founded }) => founded), ...(evil === undefined ? [] : [evil.founded])];
  for (const { founded, host, machine } of members) {
    for (const { memberId: origin, name } of origins) {
      if (origin === founded.memberId) continue;
      const directory = logDirectoryOf(DIRECTORY, origin);
      const copy = await openLogCopy({ fileSystem: machine.disk, hasher, verifier, directory, origin });
      for await (const said of copy.verify()) {
        holds(said.kind !== 'damage', `${host} holds a damaged log of ${name}: ${said.kind === 'damage' ? said.problem : ''}`);
      }
      if (origin !== evil?.founded.memberId || !evil.isFound) {
        holds(copy.fork === undefined, `${host} holds a proof that ${name} has forked`);
      }
      await copy.close();
    }
  }
}
