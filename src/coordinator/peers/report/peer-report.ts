import { formatSize, LIMITS, type MemberId } from '../../../base/index.js';
import type { EventLog } from '../../../events/index.js';
import { type PeerPool, standingIn, type StandingThere } from '../../../identity/index.js';
import type { PeerInfo, PeerLogInfo } from '../../../transport/index.js';
import type { Dialler } from '../reaching/dialler.js';
import type { ForeignLogs } from '../copies/foreign-logs.js';
import type { Frozen } from '../copies/foreign-log.js';
import type { Links } from '../session/links.js';
import type { OriginRules } from '../fetching/origin-rules.js';
import type { PeerMemories } from './peer-memory.js';
import type { OwnFeed } from '../telling/own-feed.js';
import type { PeerRoutes } from '../reaching/peer-routes.js';

export interface PeerReportParts {
  readonly own: MemberId;
  readonly log: Pick<EventLog, 'head'>;
  readonly peers: PeerPool;
  readonly rules: OriginRules;
  readonly links: Links;
  readonly dialler: Dialler;
  readonly routes: Pick<PeerRoutes, 'isUndialable'>;
  readonly foreign: ForeignLogs;
  readonly feed: OwnFeed;
  readonly memory: PeerMemories;
}

/** How things are with every member that was ever admitted. */
export function peerInfos(parts: PeerReportParts): readonly PeerInfo[] {
  return parts.rules.all().map(([memberId, row]) => {
    const { links, dialler, foreign, feed, memory, peers, own, log } = parts;
    const link = links.get(memberId);
    const known = memory.of(memberId);
    const dial = dialler.state(memberId);
    const member = peers.of(memberId);
    const ourLogThere = link?.heads.get(own)?.sequence ?? known.ourLogThere;
    const { connection, there } = connectionTo(parts, memberId);
    return {
      memberId,
      name: row.name,
      connection,
      sinceMs: link?.openedMs ?? known.awaySinceMs,
      dialledHere: link?.dialledHere ?? false,
      // Of the addresses that were dialled, the one that it has said itself is first.
      address: (link?.dialledHere === true ? member?.endpoints[0] : undefined) ?? link?.address ?? known.address,
      endpoints: [...(member?.endpoints ?? row.endpoints)],
      roundTripMs: link?.roundTripMs,
      heardMs: link?.heardMs ?? known.heardMs,
      softwareVersion: link?.hello?.softwareVersion ?? known.softwareVersion,
      reason:
        connection === 'cut' ? `the member is ${row.state}` : connection === 'connected' ? '' : (dial.reason?.message ?? ''),
      standingThere: there?.standing ?? '',
      standingThereSinceMs: there?.sinceMs ?? 0,
      nextDialMs: dial.nextMs,
      theirLogHere: foreign.get(memberId)?.head.sequence ?? 0,
      theirLogThere: link?.heads.get(memberId)?.sequence ?? 0,
      ourLogThere,
      // What a peer has is settled; while this coordinator finds out how far its own log goes, its feed does not know of it.
      ourLogHere: Math.max(feed.head.sequence, Math.min(ourLogThere, log.head.sequence)),
      refusedBlocks: known.refusedBlocks,
      sentBytes: known.sentBytes + (link?.sentBytes ?? 0),
      receivedBytes: known.receivedBytes + (link?.receivedBytes ?? 0),
      ...(link?.dialledHere === false && parts.routes.isUndialable(memberId) ? { undialable: true } : {}),
    };
  });
}

/** How it is with a member now: what `peer list` shows, and what all else goes by that cannot be had from it. */
export interface Connection {
  /** away: nobody answers; not-admitted: its coordinator has said that it does not admit this member; cut: it is not admitted here. */
  readonly connection: 'connected' | 'away' | 'not-admitted' | 'cut';
  /** Only not-admitted. */
  readonly there: StandingThere | undefined;
}

export function connectionTo(
  { links, peers, dialler }: Pick<PeerReportParts, 'links' | 'peers' | 'dialler'>,
  memberId: MemberId,
): Connection {
  if (links.get(memberId) !== undefined) return { connection: 'connected', there: undefined };
  if (peers.of(memberId) === undefined) return { connection: 'cut', there: undefined };
  const { reason } = dialler.state(memberId);
  const there = reason === undefined ? undefined : standingIn(reason);
  return { connection: there === undefined ? 'away' : 'not-admitted', there };
}

/** Every copy of another member's log. */
export function logInfos({ foreign, rules, links }: PeerReportParts): readonly PeerLogInfo[] {
  return foreign.all().map((log) => {
    const { origin, head, applied, headTimeMs, frozen } = log;
    const known = links.all().map(({ heads }) => heads.get(origin)?.sequence ?? 0);
    return {
      origin,
      name: rules.row(origin)?.name ?? '',
      epoch: head.epoch,
      sequence: head.sequence,
      appliedSequence: applied.sequence,
      frozen: frozen === undefined ? '' : frozenText(frozen),
      knownSequence: Math.max(head.sequence, ...known),
      headTimeMs,
    };
  });
}

export function frozenText(frozen: Frozen): string {
  switch (frozen.kind) {
    case 'forked':
      return `its owner signed two blocks for event ${frozen.fork.sequence}`;
    case 'invalid':
      return `event ${frozen.event.position.sequence} contradicts those before it: ${frozen.event.reason}`;
    case 'full':
      return `its copy takes ${formatSize(frozen.bytes)}, and may take ${formatSize(frozen.limitBytes)}`;
  }
}

/** Whether somebody is away for so long that people should know. */
export const isLongAway = (awaySinceMs: number, nowMs: number): boolean => nowMs - awaySinceMs >= LIMITS.peerAwayMs;
