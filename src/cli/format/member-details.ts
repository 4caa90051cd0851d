import { counted, formatSize, toHex } from '../../base/index.js';
import type { MemberDetails, MemberGrant } from '../../client/index.js';
import { shortTime } from './entries.js';
import { fingerprint, type MemberJson } from './members.js';
import { notAdmittedText, peerStanding, type PeersJson } from './peers.js';

export type PeerJson = PeersJson['peers'][number];

const isoTime = (timeMs: number): string => new Date(timeMs).toISOString();

const grantJson = ({ grantId, path, rights, givenMs, untilMs, state }: MemberGrant) => ({
  id: grantId,
  path: path === '' ? null : path,
  rights,
  given: isoTime(givenMs),
  until: untilMs === 0 ? null : isoTime(untilMs),
  state,
});

/** What there is between a member and us, for scripts. */
export const detailsJson = (details: MemberDetails) => ({
  ca: { from: isoTime(details.caFromMs), until: isoTime(details.caUntilMs) },
  logKeySha256: details.logKeySha256.length === 0 ? null : toHex(details.logKeySha256),
  founded: details.foundedMs === 0 ? null : isoTime(details.foundedMs),
  log: details.logEpoch === 0 ? null : { epoch: details.logEpoch, sequence: details.logSequence },
  ourCopiesThere: { chunks: details.ourChunksThere, bytes: details.ourBytesThere, lost: details.ourLostCopiesThere },
  itsCopiesHere: { chunks: details.itsChunksHere, bytes: details.itsBytesHere },
  pledgedBytes: { toIt: details.pledgedToItBytes, toUs: details.pledgedToUsBytes },
  grants: { toIt: details.grantedToIt.map(grantJson), toUs: details.grantedToUs.map(grantJson) },
});

export type DetailsJson = ReturnType<typeof detailsJson>;

type Line = readonly [label: string, value: string];

/** The same for people, with the connection; what there is nothing of is left out, but for what is kept. */
export function detailLines(
  { name, state }: Pick<MemberJson, 'name' | 'state'>,
  details: DetailsJson,
  peer: { readonly peer: PeerJson | undefined; readonly timeMs: number },
): readonly Line[] {
  const { ca, logKeySha256, log, grants } = details;
  return [
    ['CA life', `${shortTime(Date.parse(ca.from))} to ${shortTime(Date.parse(ca.until))}`],
    ...(logKeySha256 === null ? [] : [['Log key', fingerprint(logKeySha256)] as const]),
    ...(peer.peer === undefined ? [] : connectionLines(name, peer.peer, peer.timeMs)),
    ...(log === null || state !== 'admitted'
      ? []
      : [['Its log', `event ${log.epoch}-${log.sequence} here${its(peer.peer)}`] as const]),
    ...(peer.peer === undefined || peer.peer.ourLog.there === 0 || state !== 'admitted'
      ? []
      : [['Your log', `${peerStanding(peer.peer.ourLog, true)} there`] as const]),
    ...keptLines(state, details),
    ...grants.toIt.map((grant): Line => ['It may', grantText(grant, '')]),
    ...(state === 'admitted' ? grants.toUs : []).map((grant): Line => ['You may', grantText(grant, `${name}:`)]),
  ];
}

function connectionLines(name: string, peer: PeerJson, timeMs: number): readonly Line[] {
  const { connection, roundTripMs, heardMs, reason, standingThere, standingThereSinceMs } = peer;
  if (standingThere !== undefined) return [['Connection', notAdmittedText(name, standingThere, standingThereSinceMs ?? 0)]];
  if (connection === 'cut') return [];
  const heard = heardMs === 0 ? 'never heard of since the start' : `last heard ${shortTime(heardMs)}`;
  if (connection === 'connected') {
    const speed = roundTripMs === null ? '' : `, ${roundTripMs.toFixed(1)} ms there and back`;
    const way =
      peer.undialable === true ? '; it could not be dialled from here when that was last tried, and has dialled itself' : '';
    return [['Connection', `connected since ${shortTime(Math.min(peer.sinceMs, timeMs))}${speed}${way}`]];
  }
  return [['Connection', `${connection}, ${heard}${reason === undefined ? '' : `: ${reason}`}`]];
}

const its = (peer: PeerJson | undefined): string =>
  peer?.connection === 'connected' ? `, ${peerStanding(peer.theirLog, true)}` : '';

function keptLines(state: string, { ourCopiesThere, itsCopiesHere, pledgedBytes }: DetailsJson): readonly Line[] {
  if (state === 'applied' || state === 'refused') return [];
  const { lost } = ourCopiesThere;
  const damaged = lost === 0 ? '' : `; ${counted(lost, 'copy', 'copies')} damaged or missing there`;
  return [
    ['Keeps', `${amount(ourCopiesThere)} for you${of(state === 'admitted' ? pledgedBytes.toUs : 0)}${damaged}`],
    ['You keep', `${amount(itsCopiesHere)} for it${of(pledgedBytes.toIt)}`],
  ];
}

const amount = ({ chunks, bytes }: { readonly chunks: number; readonly bytes: number }): string =>
  chunks === 0 ? 'nothing' : `${counted(chunks, 'chunk')}, ${formatSize(bytes)},`;

const of = (pledged: number): string => (pledged === 0 ? '; nothing is pledged' : `; ${formatSize(pledged)} pledged`);

function grantText({ id, path, rights, until, state }: DetailsJson['grants']['toIt'][number], tree: string): string {
  const end = until === null ? 'no end' : `until ${shortTime(Date.parse(until))}`;
  const where = path === null ? 'a folder that was removed' : `${tree}${path}`;
  return `${rights.join(' and ')} in ${where}, ${end} (${id}${state === 'holds' ? '' : `, ${state.replaceAll('-', ' ')}`})`;
}
