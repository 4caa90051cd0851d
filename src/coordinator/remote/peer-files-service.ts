import { assert, type ClientId, CollectiveError, isClientId, LIMITS, type MemberId, toBase32, utf8 } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';
import {
  type AuthenticatedCall,
  type BoundMethod,
  type BoundService,
  FilesServiceDefinition,
  type ForwardForClientRequest,
  type ForwardForClientResponse,
  type PeerFilesServiceDefinition,
  type ServiceImplementation,
} from '../../transport/index.js';
import type { FilesCall, ForeignClient } from '../caller.js';

const KEY_HASH_BYTES = 32;
const ALIAS_DOMAIN = 'collective/foreign-client/v1\0';
const ALIAS_BYTES = 10;

export interface PeerFilesOptions {
  /** The Files service behind the grants. */
  readonly files: BoundService;
  readonly hasher: Hasher;
}

/** What this member has granted to others, served to their coordinators for their clients. */
export class PeerFilesService implements ServiceImplementation<typeof PeerFilesServiceDefinition> {
  readonly #methods: ReadonlyMap<string, BoundMethod>;
  readonly #hasher: Hasher;
  readonly #running = new Map<MemberId, number>();

  constructor({ files, hasher }: PeerFilesOptions) {
    this.#methods = new Map(files.methods.map((method) => [method.path, method]));
    this.#hasher = hasher;
  }

  async *forwardForClient(
    { clientId, clientKeyHash, method, request }: ForwardForClientRequest,
    { caller: peer, ...call }: AuthenticatedCall,
  ): AsyncGenerator<ForwardForClientResponse> {
    assert(peer.role === 'coordinator', 'the transport lets only coordinators in here');
    const bound = this.#methods.get(`/${FilesServiceDefinition.fullName}/${method}`);
    if (bound === undefined) {
      throw new CollectiveError('UNSUPPORTED', `This coordinator does not know ${method.slice(0, 80)}.`, {
        next: 'Use the same version of Collective at both ends.',
      });
    }
    const { memberId } = peer;
    const caller = this.#client(memberId, clientId, clientKeyHash);
    const leave = this.#enter(memberId);
    try {
      const forwarded: FilesCall = { ...call, caller };
      for await (const response of bound.run(justOne(request), forwarded)) yield { response };
    } finally {
      leave();
    }
  }

  /** On the word of its coordinator, whose member it is. */
  #client(memberId: MemberId, clientId: string, publicKeyHash: Uint8Array): ForeignClient {
    if (!isClientId(clientId) || publicKeyHash.length !== KEY_HASH_BYTES) {
      throw new CollectiveError('REQUEST_INVALID', 'A call for a client names the client and the hash of its key.');
    }
    return { role: 'foreign-client', memberId, clientId, alias: this.#alias(memberId, clientId), publicKeyHash };
  }

  /** Another member chooses the ids of its clients, and could choose one of ours. */
  #alias(memberId: MemberId, clientId: ClientId): ClientId {
    const digest = this.#hasher.sha256(utf8(`${ALIAS_DOMAIN}${memberId}/${clientId}`));
    const alias = toBase32(digest.slice(0, ALIAS_BYTES));
    assert(isClientId(alias), 'ten bytes make an id');
    return alias;
  }

  /** Error: LIMIT_EXCEEDED. */
  #enter(memberId: MemberId): () => void {
    const running = this.#running.get(memberId) ?? 0;
    if (running >= LIMITS.forwardedCallsPerMember) {
      throw new CollectiveError(
        'UNAVAILABLE',
        `${LIMITS.forwardedCallsPerMember} calls of your member are under way here already.`,
        {
          next: 'Try again in a moment.',
        },
      );
    }
    this.#running.set(memberId, running + 1);
    return () => {
      const left = (this.#running.get(memberId) ?? 1) - 1;
      if (left === 0) this.#running.delete(memberId);
      else this.#running.set(memberId, left);
    };
  }
}

async function* justOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
