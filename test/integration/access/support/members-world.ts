import { createClient, MemberServiceDefinition, PeerAdminServiceDefinition } from '../../../../src/transport/index.js';
import { AccessWorld } from './access-world.js';
import { requestId } from './requests.js';

const signal = new AbortController().signal;

type Name = 'alice' | 'bob' | 'carol';

/** Three members, each with a coordinator and nodes in a process of their own, who have all admitted each other. */
export interface MembersWorld extends Readonly<Record<Name, AccessWorld>> {
  /** Resolves once each has a session with both others. */
  together(): Promise<void>;
  /** Alice suspends bob, and bob removes carol. */
  part(): Promise<void>;
  stop(): Promise<void>;
}

const serviceOf = ({ client }: AccessWorld) => createClient(MemberServiceDefinition, client.channel);

async function admit(inviter: AccessWorld, guest: AccessWorld): Promise<void> {
  const request = { requestId: requestId(), name: '', lifeMs: 0, approved: true };
  const { invite } = await serviceOf(inviter).inviteMember(request, { signal });
  await serviceOf(guest).acceptInvite({ requestId: requestId(), invite, name: '' }, { signal });
}

/** Returns once each has a session with both others, and knows how far their logs go. */
async function untilTogether(worlds: readonly AccessWorld[]): Promise<void> {
  for (const world of worlds) {
    const peers = createClient(PeerAdminServiceDefinition, world.client.channel);
    for (;;) {
      const listed = await peers.listPeers({}, { signal });
      const connected = listed.peers.filter(({ connection }) => connection === 'connected');
      if (connected.length === worlds.length - 1) break;
      await world.ports.timers.sleep(50, signal);
    }
  }
}

export async function startMembers(nodes: readonly string[] = ['attic']): Promise<MembersWorld> {
  const begun = await Promise.all(
    (['alice', 'bob', 'carol'] as const).map((name) => AccessWorld.start({ name, nodes, everyRefusal: true })),
  );
  const [alice, bob, carol] = begun;
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('three members were asked for');
  const stop = async (): Promise<void> => {
    await Promise.all(begun.map((world) => world.stop()));
  };
  try {
    await admit(alice, bob);
    await admit(bob, carol);
    await untilTogether(begun);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    alice,
    bob,
    carol,
    stop,
    together: () => untilTogether(begun),
    part: async () => {
      await serviceOf(alice).suspendMember({ requestId: requestId(), member: 'bob', note: '' }, { signal });
      await serviceOf(bob).removeMember({ requestId: requestId(), member: 'carol', note: '', now: true }, { signal });
    },
  };
}
