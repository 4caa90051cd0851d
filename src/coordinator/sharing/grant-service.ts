import { assert, CollectiveError, type GrantId, grantIdAt, isGrantId, LIMITS, type MemberId } from '../../base/index.js';
import { decideGiveGrant, decideWithdrawGrant, hasEnded, type Names } from '../../domain/index.js';
import type { GrantRight } from '../../events/index.js';
import type { Clock, Hasher } from '../../ports/index.js';
import type { GrantRow, ViewHost, Views } from '../../projections/index.js';
import type {
  AuthenticatedCall,
  GiveGrantRequest,
  GiveGrantResponse,
  GrantInfo,
  GrantServiceDefinition,
  ListGrantsRequest,
  ListGrantsResponse,
  ServiceImplementation,
  WithdrawGrantRequest,
  WithdrawGrantResponse,
} from '../../transport/index.js';
import { clientCaller } from '../caller.js';
import type { Submits } from '../commands/command-loop.js';
import { requestRef } from '../commands/request-ref.js';
import { ownPath } from '../files/requests.js';
import { memberNamed } from '../foreign/member-named.js';
import type { OtherLogs } from '../members/other-logs.js';
import type { PeerTrust } from '../members/peer-trust.js';
import { grantInfo } from './grant-info.js';

const GRANTS_PER_PAGE = 32;

/** Whose folders they are. */
interface Owner {
  readonly memberId: MemberId;
  readonly name: string;
}

export interface GrantServiceOptions {
  readonly own: Owner;
  readonly commands: Submits;
  readonly views: ViewHost;
  readonly trust: Pick<PeerTrust, 'all' | 'of'>;
  readonly logs: Pick<OtherLogs, 'read'>;
  readonly clock: Clock;
  readonly hasher: Hasher;
}

/** What this member opens to others, and what they open to it. */
export class GrantService implements ServiceImplementation<typeof GrantServiceDefinition> {
  readonly #options: GrantServiceOptions;

  constructor(options: GrantServiceOptions) {
    this.#options = options;
  }

  async giveGrant(request: GiveGrantRequest, { caller }: AuthenticatedCall): Promise<GiveGrantResponse> {
    const { commands, views, hasher, clock } = this.#options;
    const { requestId, path, member, lifeMs } = request;
    const names = ownPath(path);
    const rights = request.rights.map(rightOf);
    const content = { path, member, rights: request.rights, lifeMs };
    const ref = requestRef({ requestId, method: 'giveGrant', content }, hasher);
    const memberId = await views.run((all) => memberNamed(member, all)[0]);
    const given = await commands.submit({
      actor: clientCaller(caller).actor,
      request: ref,
      decide: (all, context) => decideGiveGrant({ names, memberId, rights, lifeMs }, all, context),
      answer: (events) => {
        const [first] = events;
        assert(first?.event?.type === 'GrantGiven', 'a grant that was given has its event');
        const { directoryId, untilMs } = first.event;
        const row: GrantRow = { directoryId, memberId, rights: first.event.rights, untilMs, givenMs: first.envelope.timeMs };
        const replaced = events.flatMap(({ event }) => (event?.type === 'GrantWithdrawn' ? [event.grantId] : []));
        return { grantId: grantIdAt(first.envelope.position), row, replaced };
      },
    });
    const info = await views.run((all) => this.#ownGrant(given.grantId, given.row, all, clock.nowMs()));
    return { grant: info, replacedGrantIds: given.replaced };
  }

  async *listGrants(request: ListGrantsRequest): AsyncGenerator<ListGrantsResponse> {
    const { path, expiredToo, toUs = false, owner = '' } = request;
    if (!toUs) {
      yield* inPages(await this.#given(path === '' ? undefined : ownPath(path), expiredToo));
      return;
    }
    if (path !== '') throw new CollectiveError('REQUEST_INVALID', 'Grants of others are listed for whole members.');
    for (const each of await this.#owners(owner)) yield* inPages(await this.#received(each, expiredToo));
  }

  #given(names: Names | undefined, expiredToo: boolean): Promise<readonly GrantInfo[]> {
    const { views, clock } = this.#options;
    const nowMs = clock.nowMs();
    return views.run((all) => {
      const shown = all.grants
        .all()
        .filter(([, row]) => expiredToo || !hasEnded(row, nowMs - LIMITS.grantEndedShownMs))
        .filter(([, row]) => names === undefined || touches(all.namespace.pathOf(row.directoryId), names));
      return shown.map(([grantId, row]) => this.#ownGrant(grantId, row, all, nowMs));
    });
  }

  /** Members whose logs are followed. */
  async #owners(named: string): Promise<readonly Owner[]> {
    const { trust, views } = this.#options;
    if (named === '') return trust.all();
    const [memberId, { name, state }] = await views.run((all) => memberNamed(named, all));
    if (trust.of(memberId) !== undefined) return [{ memberId, name }];
    throw new CollectiveError('PERMISSION_DENIED', `Member ${name} is ${state}: what it gives you does not matter here.`, {
      next: 'See who is admitted: collective member list',
    });
  }

  async #received(owner: Owner, expiredToo: boolean): Promise<readonly GrantInfo[]> {
    const { logs, own, clock } = this.#options;
    const nowMs = clock.nowMs();
    const granted = await logs.read(owner.memberId, (all) =>
      all.grants
        .ofMember(own.memberId)
        .filter(([, row]) => expiredToo || !hasEnded(row, nowMs - LIMITS.grantEndedShownMs))
        .map(([grantId, row]) => ({ ...grantInfo(grantId, row, all, nowMs), ...ownedBy(owner), memberName: own.name })),
    );
    return granted ?? [];
  }

  #ownGrant(grantId: GrantId, row: GrantRow, views: Views, nowMs: number): GrantInfo {
    return { ...grantInfo(grantId, row, views, nowMs), ...ownedBy(this.#options.own) };
  }

  async withdrawGrant(
    { requestId, grantId }: WithdrawGrantRequest,
    { caller }: AuthenticatedCall,
  ): Promise<WithdrawGrantResponse> {
    const { commands, views, hasher, clock } = this.#options;
    if (!isGrantId(grantId)) {
      throw new CollectiveError('REQUEST_INVALID', 'That is not the id of a grant.', {
        next: 'Take one of those that collective grant list shows, such as 1-345.',
      });
    }
    // As it was: what is taken back is told to who did it.
    const before = await views.run((all) => {
      const row = all.grants.get(grantId);
      return row === undefined ? undefined : this.#ownGrant(grantId, row, all, clock.nowMs());
    });
    await commands.submit({
      actor: clientCaller(caller).actor,
      request: requestRef({ requestId, method: 'withdrawGrant', content: { grantId } }, hasher),
      decide: (all) => decideWithdrawGrant(grantId, all),
      answer: () => undefined,
    });
    return { grant: before };
  }
}

const ownedBy = ({ memberId, name }: Owner): Pick<GrantInfo, 'ownerId' | 'ownerName'> => ({ ownerId: memberId, ownerName: name });

function rightOf(text: string): GrantRight {
  if (text === 'read' || text === 'write') return text;
  throw new CollectiveError('REQUEST_INVALID', `${JSON.stringify(text.slice(0, 40))} is not a right.`, {
    next: 'There are read and write: --rights read,write',
  });
}

/** One is in the other. */
const touches = (granted: Names | undefined, names: Names): boolean =>
  granted?.every((name, depth) => depth >= names.length || names[depth] === name) === true;

/** A path may have 16 KiB. */
function* inPages(grants: readonly GrantInfo[]): Generator<ListGrantsResponse> {
  for (let start = 0; start < grants.length; start += GRANTS_PER_PAGE) {
    yield { grants: grants.slice(start, start + GRANTS_PER_PAGE) };
  }
}
