import { type CollectiveError, type ChunkId, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import type { Logger } from '../../ports/index.js';
import type { LocateForReaderResponse, ReaderVersion } from '../../transport/index.js';
import type { PeerTrust } from '../members/peer-trust.js';
import { foreignAccess } from './foreign-access.js';
import { heldCopies, type HeldCopiesOptions } from './held-copies.js';
import type { MemberCalls } from './member-calls.js';
import type { ListedChunk, MemberSource } from './member-sources.js';

export interface ReaderSourcesOptions extends HeldCopiesOptions {
  readonly own: MemberId;
  readonly trust: PeerTrust;
  readonly calls: MemberCalls;
  readonly logger: Logger;
}

/** A chunk of another member's file, and which version of which file names it. */
export interface ChunkToRead extends ListedChunk {
  readonly of: ReaderVersion;
  /** Empty: the version itself names it. */
  readonly extentListId: string;
}

/** What the holders of copies said. */
export interface ReaderFound {
  readonly sources: readonly MemberSource[];
  /** Of chunks that nobody has given: who would not, by what it knows of the owner's log. */
  readonly refusedBy: ReadonlyMap<ChunkId, MemberId>;
  /** Who gave an answer, whatever it was. */
  readonly answered: ReadonlySet<MemberId>;
}

interface Answer {
  readonly memberId: MemberId;
  readonly sources: readonly MemberSource[];
  readonly refused: readonly ChunkId[];
  readonly failure: CollectiveError | undefined;
}

/** Asks who keeps copies for another member, the own one among them, where those are, for own clients that may read its files. */
export class ReaderSources {
  readonly #options: ReaderSourcesOptions;

  constructor(options: ReaderSourcesOptions) {
    this.#options = options;
  }

  /**
   * For who has this key, and may read it by what is known here. `wanted`: by who keeps it, each chunk once, at most
   * LIMITS.chunksPerCall for one. Error: CANCELLED.
   */
  async locate(
    owner: MemberId,
    wanted: ReadonlyMap<MemberId, readonly ChunkToRead[]>,
    clientKeyHash: Uint8Array,
    signal: AbortSignal,
  ): Promise<ReaderFound> {
    const answers = await Promise.all(
      [...wanted].map(async ([memberId, chunks]): Promise<Answer> => {
        try {
          return this.#options.own === memberId
            ? await this.#here(owner, chunks, clientKeyHash)
            : await this.#at(memberId, owner, chunks, clientKeyHash, signal);
        } catch (thrown) {
          if (signal.aborted) throw thrown;
          const failure = toCollectiveError(thrown);
          this.#options.logger.info('a member did not say where copies of another are', { memberId, owner, error: failure });
          const refused = failure.code === 'PERMISSION_DENIED' ? chunks.map(({ chunkId }) => chunkId) : [];
          return { memberId, sources: [], refused, failure };
        }
      }),
    );
    const found = new Set(
      answers.flatMap(({ sources }) => sources.flatMap(({ chunks }) => chunks.map(({ chunkId }) => chunkId))),
    );
    const refusedBy = new Map(
      answers.flatMap(({ memberId, refused }) => refused.filter((id) => !found.has(id)).map((id) => [id, memberId] as const)),
    );
    const spoke = answers.filter(({ failure, refused }) => failure === undefined || refused.length > 0);
    return {
      sources: answers.flatMap(({ sources }) => sources),
      refusedBy,
      answered: new Set(spoke.map(({ memberId }) => memberId)),
    };
  }

  /** At own nodes, which are no other member's to own clients. */
  async #here(owner: MemberId, chunks: readonly ChunkToRead[], clientKeyHash: Uint8Array): Promise<Answer> {
    const held = await heldCopies(this.#options, { origin: owner, clientKeyHash, chunks });
    return { memberId: this.#options.own, ...answerOf(held, chunks), failure: undefined };
  }

  async #at(
    memberId: MemberId,
    owner: MemberId,
    chunks: readonly ChunkToRead[],
    clientKeyHash: Uint8Array,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { calls, trust } = this.#options;
    const indexes = new Map<string, number>();
    const versions: ReaderVersion[] = [];
    const asked = chunks.map(({ chunkId, lengthBytes, extentListId, of }) => {
      const key = `${of.fileId} ${of.version}`;
      const version = indexes.get(key) ?? versions.push(of) - 1;
      indexes.set(key, version);
      return { chunkId, lengthBytes, extentListId, version };
    });
    const located = await calls.call(memberId, LIMITS.memberCallMs, signal, (client, options) =>
      client.locateForReader({ owner, clientKeyHash, versions, chunks: asked }, options),
    );
    const answer = answerOf(located, chunks);
    const sources = answer.sources.map((source) => ({ ...source, access: foreignAccess(memberId, source.access, trust) }));
    return { memberId, sources, refused: answer.refused, failure: undefined };
  }
}

const answerOf = (
  { locations, nodes }: LocateForReaderResponse,
  chunks: readonly ChunkToRead[],
): Pick<Answer, 'sources' | 'refused'> => ({
  sources: nodes.map((access, index) => ({
    access,
    chunks: chunks.filter((_, at) => locations[at]?.nodes.includes(index) === true),
  })),
  refused: chunks.filter((_, at) => locations[at]?.refused === true).map(({ chunkId }) => chunkId),
});
