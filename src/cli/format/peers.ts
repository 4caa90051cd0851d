import { formatDuration } from '../../base/index.js';
import type { CollectiveClient } from '../../client/index.js';
import { shortTime } from './entries.js';
import { formatTable } from './table.js';

type Peers = Awaited<ReturnType<CollectiveClient['peers']['list']>>;

/** What scripts get to see of peers and the copies of their logs. */
export const peersJson = ({ peers, logs, timeMs }: Peers) => ({
  peers: peers.map((peer) => ({
    id: peer.memberId,
    name: peer.name,
    connection: peer.connection,
    ...(peer.reason === '' ? {} : { reason: peer.reason }),
    ...(peer.standingThere === '' ? {} : { standingThere: peer.standingThere, standingThereSinceMs: peer.standingThereSinceMs }),
    sinceMs: peer.sinceMs,
    ...(peer.connection === 'connected' ? { dialledBy: peer.dialledHere ? 'us' : 'them' } : {}),
    ...(peer.undialable === true ? { undialable: true } : {}),
    address: peer.address,
    endpoints: peer.endpoints,
    roundTripMs: peer.roundTripMs ?? null,
    heardMs: peer.heardMs,
    ...(peer.nextDialMs === 0 ? {} : { nextDialMs: peer.nextDialMs }),
    softwareVersion: peer.softwareVersion,
    theirLog: { here: peer.theirLogHere, there: peer.theirLogThere, behind: behind(peer.theirLogThere, peer.theirLogHere) },
    ourLog: {
      here: peer.ourLogHere,
      there: peer.ourLogThere,
      behind: behind(peer.ourLogHere, peer.ourLogThere),
      ...(peer.ourLogThere > peer.ourLogHere ? { ahead: peer.ourLogThere - peer.ourLogHere } : {}),
    },
    refusedBlocks: peer.refusedBlocks,
    sentBytes: peer.sentBytes,
    receivedBytes: peer.receivedBytes,
  })),
  logs: logs.map(({ frozen, ...log }) => ({ ...log, ...(frozen === '' ? {} : { frozen }) })),
  timeMs,
});

export type PeersJson = ReturnType<typeof peersJson>;

const behind = (whole: number, part: number): number => Math.max(0, whole - part);

/** Where they dialled from is of use only while that session stands. */
const addressOf = ({ connection, dialledBy, address, endpoints }: PeersJson['peers'][number]): string => {
  if (dialledBy === 'them') return `from ${address}`;
  return connection === 'connected' && address !== '' ? address : (endpoints[0] ?? '-');
};

/** For people. */
export function peersText({ peers, logs, timeMs }: PeersJson): readonly string[] {
  if (peers.length === 0) return [];
  const rows = peers.map((peer) => [
    peer.name,
    peer.connection,
    addressOf(peer),
    peer.roundTripMs === null ? '-' : `${peer.roundTripMs.toFixed(1)} ms`,
    peerStanding(peer.theirLog, peer.connection === 'connected'),
    peerStanding(peer.ourLog, peer.ourLog.there > 0),
    peer.heardMs === 0 ? 'never' : ago(timeMs - peer.heardMs),
  ]);
  const titles = ['MEMBER', 'CONNECTION', 'ADDRESS', 'ROUND TRIP', 'THEIR LOG HERE', 'OUR LOG THERE', 'LAST HEARD'];
  const lines = [
    formatTable(
      titles.map((title) => ({ title })),
      rows,
    ),
  ];
  for (const { name, connection, reason, standingThere, standingThereSinceMs, undialable, endpoints } of peers) {
    if (undialable === true) lines.push(undialableText(name, endpoints));
    if (standingThere !== undefined) lines.push(notAdmittedText(name, standingThere, standingThereSinceMs ?? 0));
    else if (reason !== undefined) lines.push(`${name} is ${connection}: ${reason}`);
  }
  for (const { name, frozen } of logs) if (frozen !== undefined) lines.push(`The log of ${name} is frozen here: ${frozen}.`);
  return lines;
}

interface LogStanding {
  readonly here: number;
  readonly there: number;
  readonly behind: number;
  readonly ahead?: number;
}

/** How far one end's copy of a log is. */
export function peerStanding(log: LogStanding, known: boolean): string {
  if (!known) return log.here === 0 || log.there === 0 ? '-' : 'not known';
  if (log.ahead !== undefined) return `${log.ahead} ahead`;
  return log.behind === 0 ? 'in step' : `${log.behind} behind`;
}

/** That a member is asked over the session that it has dialled, since dialling it came to nothing. */
export function undialableText(name: string, endpoints: readonly string[]): string {
  const where = endpoints.length === 0 ? '' : ` (${endpoints.join(', ')})`;
  return `${name} could not be dialled from here when that was last tried${where}: it is asked over the session that it dialled. Its nodes may be out of reach too.`;
}

/** Why another member's coordinator does not let this one in, in words. */
export function notAdmittedText(name: string, standingThere: string, sinceMs: number): string {
  const since = sinceMs === 0 ? '' : ` since ${shortTime(sinceMs)}`;
  if (standingThere === 'applied')
    return `${name} has not approved you yet: you wait there${since}. The people of ${name} do that with: collective member approve`;
  return `${name} does not admit you: you are ${standingThere} there${since}. Talk with the people of ${name}.`;
}

const ago = (durationMs: number): string => (durationMs < 1000 ? 'now' : `${formatDuration(durationMs)} ago`);
