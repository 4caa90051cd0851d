import { setTimeout as sleep } from 'node:timers/promises';
import { createGrpcTransport, createLoopbackTransport, type RpcTransport } from '../../../src/transport/index.js';
import { freePorts } from '../cluster/index.js';
import { realPorts } from '../coordinator/started-coordinator.js';
import { PeerMember } from './peer-member.js';

/** Several members that have admitted each other; none of them runs yet. */
export class PeerWorld {
  readonly members: readonly PeerMember[];

  private constructor(members: readonly PeerMember[]) {
    this.members = members;
  }

  static async of(names: readonly string[], kind: 'loopback' | 'grpc' = 'loopback'): Promise<PeerWorld> {
    const ports = await realPorts();
    const transport: RpcTransport = kind === 'grpc' ? createGrpcTransport(ports) : createLoopbackTransport(ports);
    const free = kind === 'grpc' ? await freePorts(names.length) : names.map((_name, index) => 20_000 + 10 * index);
    const members: PeerMember[] = [];
    for (const [index, name] of names.entries()) members.push(await PeerMember.found(name, transport, free[index] ?? 0, ports));
    return new PeerWorld(members);
  }

  /** Starts one, which trusts all others from then on. */
  async start(member: PeerMember): Promise<void> {
    const others = this.members.filter((each) => each !== member);
    for (const other of others) if (member.pool.of(other.id) === undefined) member.pool.set(other.trusted);
    await member.start();
    const known = await member.running.member.views.run(({ peers }) => new Set(peers.all().map(([id]) => id)));
    const news = others.filter(({ id }) => !known.has(id)).map((other) => member.admission(other));
    if (news.length > 0) await member.running.record(...news);
  }

  async startAll(): Promise<void> {
    for (const member of this.members) await this.start(member);
  }

  async remove(): Promise<void> {
    for (const member of this.members) await member.remove();
  }
}

/** Looks again and again until it is so; the runner's own timeout ends a wait in vain. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}

/** Whether one member has applied all of another's log, which may run from another folder. */
export const hasAll = (holder: PeerMember, of: PeerMember, running: PeerMember = of): boolean => {
  const log = holder.running.foreign.get(of.id);
  const { head } = running.running.member.log;
  return log?.head.sequence === head.sequence && log.applied.sequence === head.sequence;
};
