import { assert, CollectiveError, isCollectiveError, isMemberId, type MemberId } from '../../base/index.js';
import { standingIn } from '../../identity/index.js';
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
import type { PeerTrust, TrustedMember } from '../members/peer-trust.js';
import type { PeerChannels } from './peer-channels.js';

export interface MemberFilesOptions {
  readonly own: { readonly memberId: MemberId; readonly name: string };
  /** The own tree. */
  readonly files: BoundService;
  readonly trust: PeerTrust;
  /** Everybody who was ever heard of. */
  readonly peers: () => Promise<readonly (readonly [MemberId, PeerRow])[]>;
  readonly channels: PeerChannels;
}

/** Members that an error names. */
const NAMES_TOLD = 8;

/** The trees of other members, for the own clients: their calls go to the owner's coordinator, and its answers come back. */
export class MemberFilesService implements ServiceImplementation<typeof MemberFilesServiceDefinition> {
  readonly #options: MemberFilesOptions;
  readonly #ownMethods: ReadonlyMap<string, BoundMethod>;

  constructor(options: MemberFilesOptions) {
    this.#options = options;
    this.#ownMethods = new Map(options.files.methods.map((method) => [method.path, method]));
  }

  async *forward({ member, method, request }: ForwardRequest, call: AuthenticatedCall): AsyncGenerator<ForwardResponse> {
    const { own, channels } = this.#options;
    const { caller, signal, requestId } = call;
    assert(caller.role === 'client', 'the transport lets only clients in here');
    if (member === own.memberId || member === own.name) {
      yield* this.#ownTree(method, request, call);
      return;
    }
    const owner = await this.#memberCalled(member);
    const client = createClient(PeerFilesServiceDefinition, channels.to(owner.memberId));
    const { clientId, publicKeyHash: clientKeyHash } = caller;
    try {
      for await (const { response } of client.forwardForClient(
        { clientId, clientKeyHash, method, request },
        { signal, requestId },
      )) {
        yield { response };
      }
    } catch (error) {
      throw ownersAnswer(error, owner);
    }
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
        next: `See why: collective member show ${known.name}`,
        details: { member: known.name },
      });
    }
    const names = trust.all().map(({ name }) => name);
    const there =
      names.length === 0 ? 'No other member is admitted here yet' : `There are ${names.slice(0, NAMES_TOLD).join(', ')}`;
    throw new CollectiveError('NOT_FOUND', `There is no member called ${JSON.stringify(text.slice(0, 80))}. ${there}.`, {
      next: 'See all: collective member list',
      details: { member: text.slice(0, 80), members: names.slice(0, NAMES_TOLD) },
    });
  }
}

/** What the owner said, as it is; and that it is away, by its name. */
function ownersAnswer(error: unknown, { name }: TrustedMember): unknown {
  if (!isCollectiveError(error)) return error;
  const there = standingIn(error);
  if (there !== undefined) {
    const how = there.standing === 'applied' ? 'you wait there to be approved' : `you are ${there.standing} there`;
    return new CollectiveError('NOT_ADMITTED', `${name} does not admit you: ${how}.`, {
      next: `Talk with the people of ${name}; collective peer list shows since when.`,
      details: { member: name, standing: there.standing, sinceMs: there.sinceMs },
      cause: error,
    });
  }
  if (error.code !== 'COORDINATOR_UNREACHABLE') return error;
  return new CollectiveError('COORDINATOR_UNREACHABLE', `The coordinator of ${name} is away: ${error.message}`, {
    next: 'See since when: collective peer list',
    details: { member: name },
    cause: error,
  });
}

async function* justOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
