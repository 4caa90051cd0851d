import { assert, CollectiveError, isCollectiveError, type MemberId } from '../../../base/index.js';
import type { Clock, Hasher } from '../../../ports/index.js';
import type { ViewHost } from '../../../projections/index.js';
import {
  type AuthenticatedCall,
  type BoundMethod,
  FilesServiceDefinition,
  type ForwardRequest,
  type ForwardResponse,
  type KnownTree,
  serve,
} from '../../../transport/index.js';
import type { FilesCall } from '../../caller.js';
import type { SharedCopies } from '../../foreign/shared-copies.js';
import { viewsOf } from '../../log/view-reader.js';
import type { TrustedMember } from '../../members/peer-trust.js';
import { knownFiles, onlyReads } from './known-files.js';

/** How far the log of a member is known here. */
export type KnownLog = Omit<KnownTree, 'name' | 'memberId'>;

export interface AwayTreesOptions {
  readonly own: MemberId;
  readonly views: ViewHost;
  /** Undefined: nothing of it. */
  readonly knownLog: (origin: MemberId) => Promise<KnownLog | undefined>;
  readonly shared: SharedCopies;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly retentionMs: number;
}

/** The trees of members whose coordinators are away, read by what is known of their logs. */
export class AwayTrees {
  readonly #options: AwayTreesOptions;

  constructor(options: AwayTreesOptions) {
    this.#options = options;
  }

  /** Undefined where it cannot be answered without the owner. */
  async open(
    owner: TrustedMember,
    request: ForwardRequest,
    call: AuthenticatedCall,
  ): Promise<AsyncGenerator<ForwardResponse> | undefined> {
    if (!onlyReads(request.method)) return undefined;
    const log = await this.#options.knownLog(owner.memberId);
    if (log === undefined) return undefined;
    const { memberId, name } = owner;
    return this.#answer({ name, memberId, ...log }, this.#method(owner, request.method), request, call);
  }

  async *#answer(
    known: KnownTree,
    method: BoundMethod,
    { request }: ForwardRequest,
    { caller, ...call }: AuthenticatedCall,
  ): AsyncGenerator<ForwardResponse> {
    assert(caller.role === 'client', 'the transport lets only clients in here');
    const { clientId, publicKeyHash } = caller;
    // As the owner would see it: a client of another member.
    const forwarded: FilesCall = {
      ...call,
      caller: { role: 'foreign-client', memberId: this.#options.own, clientId, alias: clientId, publicKeyHash },
    };
    try {
      for await (const response of method.run(justOne(request), forwarded)) yield { response, known };
    } catch (error) {
      throw isCollectiveError(error) ? asKnown(error, known) : error;
    }
  }

  #method({ memberId, name }: TrustedMember, method: string): BoundMethod {
    const { views } = this.#options;
    const files = knownFiles({ ...this.#options, owner: { memberId, name }, views: viewsOf(views, memberId) });
    const path = `/${FilesServiceDefinition.fullName}/${method}`;
    const bound = serve(FilesServiceDefinition, files).methods.find((each) => each.path === path);
    assert(bound !== undefined, 'what only reads is a method');
    return bound;
  }
}

/** Whoever asks learns as of when that is so. */
const asKnown = (error: CollectiveError, known: KnownTree): CollectiveError =>
  new CollectiveError(error.code, error.message, {
    ...(error.next === undefined ? {} : { next: error.next }),
    details: {
      ...error.details,
      knownOf: known.name,
      knownMemberId: known.memberId,
      knownEpoch: known.epoch,
      knownSequence: known.sequence,
      knownTimeMs: known.timeMs,
      knownHeardMs: known.heardMs,
      knownFrozen: known.frozen,
    },
    cause: error,
  });

async function* justOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
