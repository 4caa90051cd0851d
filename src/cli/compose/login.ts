import { assert, isClientId } from '../../base/index.js';
import { createGrpcTransport, redeemInvite } from '../../transport/index.js';
import { ContextStore, type Context } from '../contexts/context-store.js';
import type { World } from './world.js';

/** Redeems a client invite and keeps the membership as a context. Errors: those of redeemInvite, ALREADY_EXISTS. */
export async function loginWithInvite(
  request: {
    readonly invite: string;
    readonly name: string;
    readonly contextName: string | undefined;
    readonly configDirectory: string;
    readonly signal: AbortSignal;
  },
  world: World,
): Promise<Context> {
  const store = new ContextStore(request.configDirectory, world);
  // Before the invite is used up.
  if (request.contextName !== undefined) await store.checkFree(request.contextName);
  const { invite, name, signal } = request;
  const redeemed = await redeemInvite(
    { invite, kind: 'client', name, signal },
    { ...world, transport: createGrpcTransport(world) },
  );
  const { own, subjectId, memberName, homeEndpoints, enrolmentEndpoints } = redeemed;
  assert(isClientId(subjectId), 'an invite of that kind gives a client id');
  const contextName = request.contextName ?? (await freeName(store, memberName));
  return store.add(
    contextName,
    {
      version: 1,
      memberId: own.memberId,
      memberName,
      clientId: subjectId,
      clientName: redeemed.name,
      endpoints: [...homeEndpoints],
      enrolmentEndpoints: [...enrolmentEndpoints],
    },
    own,
  );
}

/** alice, or alice-2 where there is an alice already. */
async function freeName(store: ContextStore, memberName: string): Promise<string> {
  const taken = new Set((await store.list()).map(({ name }) => name));
  let name = memberName;
  for (let number = 2; taken.has(name); number += 1) name = `${memberName}-${number}`;
  return name;
}
