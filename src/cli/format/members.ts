import { counted, toHex } from '../../base/index.js';
import type { MemberInfo } from '../../client/index.js';
import { shortTime } from './entries.js';
import { formatTable } from './table.js';

export interface MemberJson {
  readonly id: string;
  /** What it is called here. */
  readonly name: string;
  readonly state: string;
  readonly since: string;
  /** What that member is called here. Absent: it came by an invite. */
  readonly introducedBy?: string;
  readonly introducedById?: string;
  readonly addresses: readonly string[];
  /** Of its present CA certificate. */
  readonly caSha256: string;
  /** Suspended or removed: the last position of its log that is taken; null: none. */
  readonly acceptedUpTo?: { readonly epoch: number; readonly sequence: number } | null;
  readonly note?: string;
}

export function memberJson(member: MemberInfo): MemberJson {
  const { introducedBy, introducedByName, note, acceptedEpoch, acceptedSequence } = member;
  const stopped = member.state === 'suspended' || member.state === 'removed';
  const upTo = acceptedEpoch === 0 ? null : { epoch: acceptedEpoch, sequence: acceptedSequence };
  return {
    id: member.memberId,
    name: member.name,
    state: member.state,
    since: new Date(member.sinceMs).toISOString(),
    ...(introducedBy === '' ? {} : { introducedBy: introducedByName || introducedBy, introducedById: introducedBy }),
    addresses: member.endpoints,
    caSha256: toHex(member.caSha256),
    ...(stopped ? { acceptedUpTo: upTo } : {}),
    ...(note === '' ? {} : { note }),
  };
}

export function memberTable(members: readonly MemberJson[]): string {
  const rows = members.map((member) => [
    member.name,
    member.state,
    shortTime(Date.parse(member.since)),
    broughtBy(member),
    member.addresses[0] ?? '-',
    member.id,
  ]);
  const titles = ['MEMBER', 'STATE', 'SINCE', 'BY', 'ADDRESS', 'ID'];
  return formatTable(
    titles.map((title) => ({ title })),
    rows,
  );
}

/** Where nobody is admitted, or there is nobody to list. */
export function nobodyYet(members: readonly Pick<MemberInfo, 'name' | 'state'>[]): string {
  const waiting = members.filter(({ state }) => state === 'applied').map(({ name }) => name);
  if (waiting[0] !== undefined) {
    return `No other member is admitted yet; ${waiting.join(', ')} ${waiting.length === 1 ? 'waits' : 'wait'} for your word.\nNext: collective member approve ${waiting[0]}   (or refuse)`;
  }
  const gone =
    members.length === 0
      ? ''
      : ` ${members.length === 1 ? '1 was' : `${members.length} were`} removed or refused: collective member list --all`;
  return `There is no other member yet.${gone}\nNext: collective member invite NAME`;
}

/** Label and value of each line. */
export function memberLines(member: MemberJson): readonly (readonly [string, string])[] {
  const { acceptedUpTo, note } = member;
  return [
    ['Name', member.name],
    ['Id', member.id],
    ['State', `${member.state} since ${shortTime(Date.parse(member.since))}`],
    ['Came by', broughtBy(member)],
    ['Addresses', member.addresses.join(', ') || '-'],
    ['CA', fingerprint(member.caSha256)],
    ...(acceptedUpTo === undefined ? [] : [['Log', upToText(acceptedUpTo)] as const]),
    ...(note === undefined ? [] : [['Note', note] as const]),
  ];
}

/** How much of a stopped member's log is taken, as a sentence. */
export const upToText = (upTo: MemberJson['acceptedUpTo']): string =>
  upTo === null || upTo === undefined
    ? 'None of its log is taken.'
    : `Its log is taken up to event ${upTo.epoch}-${upTo.sequence}.`;

/** What ended at once, if anything was open. */
export const cutText = (cutCalls: number): string => (cutCalls === 0 ? '' : ` ${counted(cutCalls, 'open call')} cut.`);

/** In groups, to be read out. */
export const fingerprint = (hex: string): string => hex.match(/.{1,8}/g)?.join(' ') ?? hex;

const broughtBy = ({ introducedBy }: MemberJson): string => introducedBy ?? 'invite';
