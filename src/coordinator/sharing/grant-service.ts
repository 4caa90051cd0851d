import { assert, CollectiveError, grantIdAt, isGrantId } from '../../base/index.js';
import { decideGiveGrant, decideWithdrawGrant, hasEnded, type Names } from '../../domain/index.js';
import type { GrantRight } from '../../events/index.js';
import type { Clock, Hasher } from '../../ports/index.js';
import type { GrantRow, ViewHost } from '../../projections/index.js';
import type {
  AuthenticatedCall,
  GiveGrantRequest,
  GiveGrantResponse,
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
import { grantInfo } from './grant-info.js';

const GRANTS_PER_PAGE = 32;

export interface GrantServiceOptions {
  readonly commands: Submits;
  readonly views: ViewHost;
  readonly clock: Clock;
  readonly hasher: Hasher;
}

/** What this member opens to others. */
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
    const memberId = await views.run(({ peers }) => memberNamed(member, peers)[0]);
    const given = await commands.submit({
      actor: clientCaller(caller).actor,
      request: ref,
      decide: (all, context) => decideGiveGrant({ names, memberId, rights, lifeMs }, all, context),
      answer: (events) => {
        const [first] = events;
        assert(first?.event?.type === 'GrantGiven', 'a grant that was given has its event');
        const { directoryId, untilMs } = first.event;
        const row: GrantRow = { directoryId, memberId, rights: first.event.rights, untilMs, givenMs: first.envelope.timeMs };
        return { grantId: grantIdAt(first.envelope.position), row };
      },
    });
    const info = await views.run((all) => grantInfo(given.grantId, given.row, all, clock.nowMs()));
    return { grant: info };
  }

  async *listGrants({ path, expiredToo }: ListGrantsRequest): AsyncGenerator<ListGrantsResponse> {
    const { views, clock } = this.#options;
    const names = path === '' ? undefined : ownPath(path);
    const nowMs = clock.nowMs();
    const grants = await views.run((all) => {
      const shown = all.grants
        .all()
        .filter(([, row]) => expiredToo || !hasEnded(row, nowMs))
        .filter(([, row]) => names === undefined || touches(all.namespace.pathOf(row.directoryId), names));
      return shown.map(([grantId, row]) => grantInfo(grantId, row, all, nowMs));
    });
    // A path may have 16 KiB.
    for (let start = 0; start < grants.length; start += GRANTS_PER_PAGE) {
      yield { grants: grants.slice(start, start + GRANTS_PER_PAGE) };
    }
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
      return row === undefined ? undefined : grantInfo(grantId, row, all, clock.nowMs());
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

function rightOf(text: string): GrantRight {
  if (text === 'read' || text === 'write') return text;
  throw new CollectiveError('REQUEST_INVALID', `${JSON.stringify(text.slice(0, 40))} is not a right.`, {
    next: 'There are read and write: --rights read,write',
  });
}

/** One is in the other. */
const touches = (granted: Names | undefined, names: Names): boolean =>
  granted?.every((name, depth) => depth >= names.length || names[depth] === name) === true;
