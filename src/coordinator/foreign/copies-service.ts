import { CollectiveError, counted, fail, LIMITS, type MemberId } from '../../base/index.js';
import {
  type CopiesPolicy,
  decideReleaseForeign,
  decideSetPledge,
  decideSetPolicy,
  type MemberReach,
  type Names,
  policyFor,
  shortfallOf,
  showPath,
} from '../../domain/index.js';
import type { Spread } from '../../events/index.js';
import type { Hasher } from '../../ports/index.js';
import type { PeerRow, ViewHost, Views } from '../../projections/index.js';
import type {
  AuthenticatedCall,
  CopiesServiceDefinition,
  Finding,
  ListPledgesResponse,
  ListPoliciesResponse,
  ReleaseKeptRequest,
  ReleaseKeptResponse,
  ReplaceCopiesResponse,
  ReplaceCopiesRequest,
  PledgeInfo,
  PolicyInfo,
  ServiceImplementation,
  SetPledgeRequest,
  SetPledgeResponse,
  SetPolicyRequest,
  SetPolicyResponse,
  ShowPolicyRequest,
  ShowPolicyResponse,
} from '../../transport/index.js';
import { clientCaller } from '../caller.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import type { PlacementOffice } from '../files/placement-office.js';
import { ownPath } from '../files/requests.js';
import { filesBelow } from './files-below.js';
import type { Leaving } from './leaving.js';
import { memberNamed } from './member-named.js';
import { type PledgeSources, pledgeToUs } from './pledges-to-us.js';
import type { SharedSpace } from './shared-space.js';

export interface CopiesServiceOptions extends PledgeSources {
  readonly space: SharedSpace;
  readonly placement: Pick<PlacementOffice, 'usable'>;
  readonly commands: CommandLoop;
  readonly views: ViewHost;
  readonly leaving: Pick<Leaving, 'copy'>;
  readonly reachOf: (memberId: MemberId) => MemberReach;
  readonly hasher: Hasher;
  /** What holds where no folder says anything. */
  readonly policy: CopiesPolicy;
}

/** Policies of the own tree, and pledges: what is kept for whom, and by whom. */
export class CopiesService implements ServiceImplementation<typeof CopiesServiceDefinition> {
  readonly #options: CopiesServiceOptions;

  constructor(options: CopiesServiceOptions) {
    this.#options = options;
  }

  async setPolicy(request: SetPolicyRequest, call: AuthenticatedCall): Promise<SetPolicyResponse> {
    const { commands, views, hasher } = this.#options;
    const names = ownPath(request.path);
    const { copies, minimumCopies } = request;
    const spread = spreadIn(request.spread);
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: requestRef({ requestId: request.requestId, method: 'setPolicy', content: request }, hasher),
      decide: (all) => decideSetPolicy({ names, copies, minimumCopies, spread }, all),
      answer: () => undefined,
    });
    const policy = await views.run((all) => this.#policyAt(names, all));
    const { files, wantingMore, more } = await filesBelow(views, names, policy.copies, call.signal);
    const earlier = wantingMore === 0 ? [] : [wantsMoreStill(wantingMore, request.path)];
    const findings = [...(await this.#findings(policy, call.signal)), ...earlier];
    return { policy, findings, filesBelow: files, moreBelow: more };
  }

  /** What keeps the policy from being met by what is put now. */
  async #findings(policy: PolicyInfo, signal: AbortSignal): Promise<Finding[]> {
    const { placement, space } = this.#options;
    const { copies, minimumCopies, path } = policy;
    const members = await space.members();
    const { candidates, unusable } = await placement.usable(policy.spread === 'members' ? 1 : copies, signal);
    const nodes = candidates.filter(({ full }) => full !== true).length;
    const nodesAway = candidates.length - nodes + unusable.length;
    const place = {
      copies,
      minimumCopies,
      spread: spreadIn(policy.spread),
      path: path === '' ? '/' : path,
      where: path === '' ? '' : ` in ${path}`,
    };
    const shortfall = shortfallOf(place, { nodes, nodesAway, members });
    return shortfall === undefined ? [] : [shortfall];
  }

  listPolicies(): Promise<ListPoliciesResponse> {
    return this.#options.views.run(({ policies, namespace }) => ({
      policies: policies.all().flatMap(([directoryId, { copies, minimumCopies, spread }]): PolicyInfo[] => {
        const path = namespace.pathOf(directoryId);
        return path === undefined ? [] : [{ copies, minimumCopies, spread, path: showPath(path) }];
      }),
      defaultPolicy: this.#default(),
    }));
  }

  async showPolicy(request: ShowPolicyRequest, call: AuthenticatedCall): Promise<ShowPolicyResponse> {
    const names = ownPath(request.path);
    const policy = await this.#options.views.run((all) => this.#policyAt(names, all));
    const members = policy.spread === 'members' ? await this.#received() : [];
    const pledging = members.filter(({ pledgedBytes }) => pledgedBytes > 0);
    return { policy, members: pledging, findings: await this.#findings(policy, call.signal) };
  }

  async setPledge(request: SetPledgeRequest, call: AuthenticatedCall): Promise<SetPledgeResponse> {
    const { commands, views, hasher } = this.#options;
    const { bytes, member, requestId } = request;
    const command = requestRef({ requestId, method: 'setPledge', content: { member, bytes } }, hasher);
    const [memberId] = await views.run((all) => memberNamed(member, all));
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: command,
      decide: (all) => decideSetPledge({ memberId, bytes }, all),
      answer: () => undefined,
    });
    const pledge = await views.run((all) => givenTo(memberId, all));
    return { pledge, findings: [...(await this.#options.space.shortfalls(memberId))] };
  }

  /** Progress as it comes; what is not taken in time is passed over. */
  async *replaceCopies({ member }: ReplaceCopiesRequest, call: AuthenticatedCall): AsyncGenerator<ReplaceCopiesResponse> {
    const { views, leaving } = this.#options;
    const [memberId] = await views.run((all) => memberNamed(member, all));
    let newest: ReplaceCopiesResponse | undefined;
    let told: () => void = () => undefined;
    const copying = leaving.copy({ memberId, signal: call.signal }, (progress) => {
      newest = progress;
      told();
    });
    const ended = copying.then(
      () => 'ended' as const,
      () => 'ended' as const,
    );
    for (;;) {
      const news = new Promise<'news'>((resolve) => {
        told = () => resolve('news');
      });
      if (newest !== undefined) {
        const progress: ReplaceCopiesResponse = newest;
        newest = undefined;
        yield progress;
        continue;
      }
      if ((await Promise.race([news, ended])) === 'ended') break;
    }
    yield await copying;
  }

  async releaseKept({ member }: ReleaseKeptRequest, call: AuthenticatedCall): Promise<ReleaseKeptResponse> {
    const { views, commands } = this.#options;
    const { memberId, name, rows } = await views.run((all) => {
      const [id, row] = memberNamed(member, all);
      if (row.state !== 'removed') throw notRemoved(row);
      return { memberId: id, name: row.name, rows: all.foreignCopies.page(id, undefined, LIMITS.chunksPerCall).rows };
    });
    const chunkIds = rows.map(([[, chunkId]]) => chunkId);
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: undefined,
      decide: (all) => {
        const row = all.peers.get(memberId);
        // It may have been admitted again by now, and counts on them.
        return row?.state === 'removed' ? decideReleaseForeign({ origin: memberId, chunkIds }, all) : fail(notRemoved(row));
      },
      answer: () => undefined,
    });
    const kept = await views.run(({ foreignCopies }) => foreignCopies.totals(memberId));
    const bytes = rows.reduce((sum, [, { lengthBytes, holders }]) => sum + (holders.length > 0 ? lengthBytes : 0), 0);
    return { memberId, name, chunks: rows.length, bytes, chunksLeft: kept.chunks + kept.lostChunks };
  }

  async listPledges(): Promise<ListPledgesResponse> {
    const given = await this.#options.views.run((all) => {
      const ids = new Set([...all.pledges.all(), ...all.foreignCopies.allTotals()].map(([memberId]) => memberId));
      return [...ids].map((memberId) => givenTo(memberId, all));
    });
    const here = given.filter(({ pledgedBytes, usedChunks }) => pledgedBytes > 0 || usedChunks > 0);
    return { given: here, received: await this.#received() };
  }

  async #received(): Promise<readonly PledgeInfo[]> {
    const { views, reachOf } = this.#options;
    const known = await views.run(({ peers, usage }) =>
      peers.all().map(([memberId, { name, state }]) => ({ memberId, name, state, ours: usage.member(memberId) })),
    );
    const all = await Promise.all(
      known.map(async ({ memberId, name, state, ours }): Promise<PledgeInfo> => {
        const { pledgedBytes } = await pledgeToUs(this.#options, memberId);
        const reach = reachOf(memberId);
        return {
          memberId,
          name,
          pledgedBytes: state === 'admitted' ? pledgedBytes : 0,
          usedBytes: ours.bytes,
          usedChunks: ours.chunks,
          state: state === 'admitted' && reach !== 'here' ? reach : state,
        };
      }),
    );
    return all.filter(({ pledgedBytes, usedChunks }) => pledgedBytes > 0 || usedChunks > 0);
  }

  #policyAt(names: Names, all: Views): PolicyInfo {
    const found = policyFor(names, all);
    if (found === undefined) return this.#default();
    const { copies, minimumCopies, spread, directoryId } = found;
    return { copies, minimumCopies, spread, path: showPath(all.namespace.pathOf(directoryId) ?? []) };
  }

  #default(): PolicyInfo {
    const { wanted, minimum } = this.#options.policy;
    return { copies: wanted, minimumCopies: minimum, spread: 'nodes', path: '' };
  }
}

const notRemoved = (row: PeerRow | undefined): CollectiveError =>
  new CollectiveError(
    'PERMISSION_DENIED',
    `${row?.name ?? 'That member'} is not removed here: what is kept for it is for it to give up.`,
    {
      next: 'It takes them back by removing you, or by putting its files elsewhere. To take nothing new: collective pledge set MEMBER 0',
    },
  );

function givenTo(memberId: MemberId, { pledges, foreignCopies, peers }: Views): PledgeInfo {
  const { bytes, chunks } = foreignCopies.totals(memberId);
  const row = peers.get(memberId);
  return {
    memberId,
    name: row?.name ?? memberId,
    pledgedBytes: pledges.get(memberId)?.bytes ?? 0,
    usedBytes: bytes,
    usedChunks: chunks,
    state: row?.state ?? 'removed',
  };
}

/** A chunk wants the most copies that an upload of it asked for. */
const wantsMoreStill = (files: number, path: string): Finding => ({
  code: 'earlier-wish-stays',
  severity: 'notice',
  message: `${counted(files, 'file')} there ${files === 1 ? 'was' : 'were'} put when more copies were wanted, and ${files === 1 ? 'has' : 'have'} fewer: that goes on being shown as too few.`,
  next: `See which: collective find ${path} --under-protected`,
});

function spreadIn(text: string): Spread {
  if (text === '' || text === 'nodes') return 'nodes';
  if (text === 'members') return 'members';
  throw new CollectiveError('REQUEST_INVALID', 'Copies are spread over nodes or members.');
}
