import type { MemberId } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';
import type { ViewHost, Views } from '../../projections/index.js';
import type { MemberDetails, MemberGrant } from '../../transport/index.js';
import { grantInfo } from '../sharing/grant-info.js';
import type { OtherLogs } from './other-logs.js';

export interface DetailSources {
  readonly own: MemberId;
  readonly views: ViewHost;
  readonly logs: OtherLogs;
  readonly hasher: Hasher;
}

const GRANTS_SHOWN = 64;

/** What there is between another member and us: by our log what is ours to say, by our copy of its log what is its. */
export async function memberDetails(
  memberId: MemberId,
  {
    ca,
    nowMs,
  }: { readonly ca: { readonly notBeforeMs: number; readonly notAfterMs: number } | undefined; readonly nowMs: number },
  { own, views, logs, hasher }: DetailSources,
): Promise<MemberDetails> {
  const ours = await views.run((all) => ({
    there: all.usage.member(memberId),
    here: all.foreignCopies.totals(memberId),
    pledged: all.pledges.get(memberId)?.bytes ?? 0,
    granted: grantsTo(memberId, all, nowMs),
  }));
  const its = await logs.read(memberId, (all) => ({
    owner: all.members.owner(),
    pledged: all.pledges.get(own)?.bytes ?? 0,
    granted: grantsTo(own, all, nowMs),
  }));
  const head = logs.headOf(memberId);
  const key = its?.owner?.logPublicKey;
  return {
    ourChunksThere: ours.there.chunks,
    ourBytesThere: ours.there.bytes,
    ourLostCopiesThere: ours.there.lostCopies,
    itsChunksHere: ours.here.chunks,
    itsBytesHere: ours.here.bytes,
    pledgedToItBytes: ours.pledged,
    pledgedToUsBytes: its?.pledged ?? 0,
    grantedToIt: ours.granted,
    grantedToUs: its?.granted ?? [],
    caFromMs: ca?.notBeforeMs ?? 0,
    caUntilMs: ca?.notAfterMs ?? 0,
    logKeySha256: key === undefined ? new Uint8Array() : hasher.sha256(key),
    foundedMs: its?.owner?.foundedMs ?? 0,
    logEpoch: head?.epoch ?? 0,
    logSequence: head?.sequence ?? 0,
  };
}

const grantsTo = (memberId: MemberId, all: Views, nowMs: number): MemberGrant[] =>
  all.grants
    .ofMember(memberId)
    .slice(-GRANTS_SHOWN)
    .map(([grantId, row]) => {
      const { path, rights, givenMs, untilMs, state } = grantInfo(grantId, row, all, nowMs);
      return { grantId, path, rights, givenMs, untilMs, state };
    });
