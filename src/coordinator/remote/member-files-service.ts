import {
  assert,
  CollectiveError,
  isCollectiveError,
  isMemberId,
  LIMITS,
  type MemberId,
  toCollectiveError,
} from '../../base/index.js';
import type { Clock, Timers } from '../../ports/index.js';
import type { PeerRow } from '../../projections/index.js';
import {
  type AuthenticatedCall,
  type BoundMethod,
  type BoundService,
  createClient,
  FilesServiceDefinition,
  type ForwardRequest,
  type ForwardResponse,
  type MemberFilesServiceDefinition,
  PeerFilesServiceDefinition,
  type ServiceImplementation,
} from '../../transport/index.js';
import { notAdmittedThere } from '../members/not-admitted-there.js';
import type { PeerTrust, TrustedMember } from '../members/peer-trust.js';
import type { AwayTrees } from './away/away-trees.js';
import { notNow } from './away/known-files.js';
import type { PeerChannels } from './peer-channels.js';

export interface MemberFilesOptions {
  readonly own: { readonly memberId: MemberId; readonly name: string };
  /** The own tree. */
  readonly files: BoundService;
  readonly trust: PeerTrust;
  /** Everybody who was ever heard of. */
  readonly peers: () => Promise<readonly (readonly [MemberId, PeerRow])[]>;
  readonly channels: PeerChannels;
  /** Of those who are away. */
  readonly away: AwayTrees;
  /** Whether there is a session with its coordinator. */
  readonly isConnected: (memberId: MemberId) => boolean;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Members that an error names. */
const NAMES_TOLD = 8;

/**
 * The trees of other members, for the own clients: their calls go to the owner's coordinator, and its answers come back. While that is
 * away, what only reads is answered by what is known here.
 */
export class MemberFilesService implements ServiceImplementation<typeof MemberFilesServiceDefinition> {
  readonly #options: MemberFilesOptions;
  readonly #ownMethods: ReadonlyMap<string, BoundMethod>;
  /** Without a session, and did not answer a moment ago. */
  readonly #awayUntilMs = new Map<MemberId, number>();

  constructor(options: MemberFilesOptions) {
    this.#options = options;
    this.#ownMethods = new Map(options.files.methods.map((method) => [method.path, method]));
  }

  async *forward(asked: ForwardRequest, call: AuthenticatedCall): AsyncGenerator<ForwardResponse> {
    const { own } = this.#options;
    const { member, method, request } = asked;
    if (member === own.memberId || member === own.name) {
      yield* this.#ownTree(method, request, call);
      return;
    }
    const owner = await this.#memberCalled(member);
    let answered = false;
    let reason: unknown;
    try {
      for await (const response of this.#askOwner(owner, asked, call)) {
        answered = true;
        yield { response };
      }
      return;
    } catch (error) {
      if (answered || call.signal.aborted || !this.#isAway(error, owner)) throw ownersAnswer(error, owner);
      reason = error;
    }
    const known = await this.#options.away.open(owner, asked, call);
    if (known === undefined) throw ownersAnswer(reason, owner);
    yield* known;
  }

  /** Who has no session and did not answer a moment ago is not asked; who has none is not waited for long. */
  async *#askOwner(
    owner: TrustedMember,
    { method, request }: ForwardRequest,
    { caller, signal, requestId }: AuthenticatedCall,
  ): AsyncGenerator<Uint8Array> {
    assert(caller.role === 'client', 'the transport lets only clients in here');
    const { channels, isConnected, clock, timers } = this.#options;
    const { memberId, name } = owner;
    const connected = isConnected(memberId);
    if (connected) this.#awayUntilMs.delete(memberId);
    else if ((this.#awayUntilMs.get(memberId) ?? 0) > clock.monotonicMs()) throw notNow(name);
    const client = createClient(PeerFilesServiceDefinition, channels.to(memberId));
    const { clientId, publicKeyHash: clientKeyHash } = caller;
    const late = new AbortController();
    const timer = connected ? undefined : timers.after(LIMITS.memberCallMs, () => late.abort(notNow(name)));
    const options = { signal: AbortSignal.any([signal, late.signal]), requestId };
    try {
      for await (const { response } of client.forwardForClient({ clientId, clientKeyHash, method, request }, options)) {
        timer?.cancel();
        yield response;
      }
    } catch (error) {
      throw late.signal.aborted && !signal.aborted ? late.signal.reason : error;
    } finally {
      timer?.cancel();
    }
  }

  /** Whether the failure says that nobody is there. */
  #isAway(thrown: unknown, { memberId }: TrustedMember): boolean {
    const { code } = toCollectiveError(thrown);
    const { isConnected, clock } = this.#options;
    // A coordinator that is there may say that it is busy, and that passes.
    if (code !== 'COORDINATOR_UNREACHABLE' && (isConnected(memberId) || !AWAY.has(code))) return false;
    this.#awayUntilMs.set(memberId, clock.monotonicMs() + LIMITS.memberAwayMaxMs);
    return true;
  }

  /** `alice:/photos` at alice's own coordinator. */
  async *#ownTree(method: string, request: Uint8Array, call: AuthenticatedCall): AsyncGenerator<ForwardResponse> {
    const bound = this.#ownMethods.get(`/${FilesServiceDefinition.fullName}/${method}`);
    if (bound === undefined) throw new CollectiveError('UNSUPPORTED', `This coordinator does not know ${method.slice(0, 80)}.`);
    for await (const response of bound.run(justOne(request), call)) yield { response };
  }

  /** Errors: NOT_FOUND with who there is; PERMISSION_DENIED for who is not admitted now. */
  async #memberCalled(text: string): Promise<TrustedMember> {
    const { trust } = this.#options;
    const found = isMemberId(text) ? trust.of(text) : trust.byName(text);
    if (found !== undefined) return found;
    const peers = await this.#options.peers();
    const [, known] = peers.find(([memberId, { name }]) => text === memberId || text === name) ?? [];
    if (known !== undefined) {
      throw new CollectiveError('PERMISSION_DENIED', `${known.name} is not an admitted member now: it is ${known.state}.`, {
        next:
          known.state === 'applied' ? `collective member approve ${known.name}` : `See why: collective member show ${known.name}`,
        details: { member: known.name },
      });
    }
    const names = trust.all().map(({ name }) => name);
    const there =
      names.length === 0
        ? 'No other member is admitted here yet'
        : `There ${names.length === 1 ? 'is' : 'are'} ${names.slice(0, NAMES_TOLD).join(', ')}`;
    throw new CollectiveError('NOT_FOUND', `There is no member called ${JSON.stringify(text.slice(0, 80))}. ${there}.`, {
      next: 'See all: collective member list',
      details: { member: text.slice(0, 80), members: names.slice(0, NAMES_TOLD) },
    });
  }
}

/** Who does not admit this member any more (NOT_ADMITTED) is not away. */
const AWAY: ReadonlySet<string> = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CERTIFICATE_INVALID']);

/** What the owner said, as it is; and that it is away, by its name. */
function ownersAnswer(error: unknown, { name }: TrustedMember): unknown {
  if (!isCollectiveError(error)) return error;
  if (error.code === 'COORDINATOR_UNREACHABLE') return notNow(name, error);
  return notAdmittedThere(name, error) ?? error;
}

async function* justOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
