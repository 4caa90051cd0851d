import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Cluster } from '../cluster/index.js';
import { jsonOf } from './answers.js';

const INVITE = z.object({ invite: z.string() });

export const MEMBERS = z.object({
  members: z.array(z.object({ id: z.string(), name: z.string(), state: z.string(), introducedBy: z.string().optional() })),
});

const HOW_FAR = z.object({ here: z.number(), there: z.number(), behind: z.number() });

export const PEERS = z.object({
  peers: z.array(
    z.object({
      name: z.string(),
      connection: z.string(),
      standingThere: z.string().optional(),
      address: z.string().optional(),
      dialledBy: z.string().optional(),
      roundTripMs: z.number().nullish(),
      theirLog: HOW_FAR,
      ourLog: HOW_FAR,
    }),
  ),
  logs: z.array(z.object({ name: z.string(), sequence: z.number(), appliedSequence: z.number(), frozen: z.string().optional() })),
});
export type Peers = z.infer<typeof PEERS>;

/** One invites the other, and says at once that they are admitted. */
export async function befriend(inviter: Cluster, guest: Cluster): Promise<void> {
  const { invite } = jsonOf(await inviter.ok(['member', 'invite', guest.name, '--approved', '--json']), INVITE);
  await guest.ok(['member', 'accept', invite, '--yes', '--json']);
}

export const peersOf = async (member: Cluster): Promise<Peers> => jsonOf(await member.ok(['peer', 'list', '--json']), PEERS);

/** Waits until every member is connected with every other, and has applied every log as far as its owner has it. */
export async function untilInStep(members: readonly Cluster[], withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const lacking = (await Promise.all(members.map((member) => lackOf(member, members.length - 1)))).filter(
      (each) => each !== '',
    );
    if (lacking.length === 0) return;
    if (performance.now() > deadline) throw new Error(`not in step in time: ${lacking.join('; ')}`);
    await sleep(200);
  }
}

/** What keeps a member from being in step with so many others, in words; empty: nothing. */
async function lackOf(member: Cluster, others: number): Promise<string> {
  const asked = await member.command(['peer', 'list', '--json']);
  if (asked.code !== 0) return `${member.name} does not answer: ${asked.stdout.toString('utf8')}`;
  const { peers, logs } = jsonOf(asked, PEERS);
  const away = peers.filter(({ connection }) => connection !== 'connected');
  if (peers.length - away.length < others) return `${member.name} has ${peers.length - away.length} of ${others} connected`;
  const behind = peers.find(({ theirLog, ourLog }) => theirLog.here < theirLog.there || ourLog.there < ourLog.here);
  if (behind !== undefined) return `${member.name} and ${behind.name}: ${JSON.stringify(behind)}`;
  const late = logs.find(({ sequence, appliedSequence }) => appliedSequence < sequence);
  return late === undefined ? '' : `${member.name} has not applied ${JSON.stringify(late)}`;
}
