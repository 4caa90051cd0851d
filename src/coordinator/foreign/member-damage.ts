import { type ChunkId, isChunkId, LIMITS, type MemberId, type NodeId } from '../../base/index.js';
import { decideMemberCopiesLost } from '../../domain/index.js';
import type { CopiesLost } from '../../events/index.js';
import type { Logger } from '../../ports/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { MemberCalls } from './member-calls.js';

export interface MemberDamageOptions {
  readonly commands: CommandLoop;
  readonly calls: MemberCalls;
  readonly logger: Logger;
}

interface SuspectedCopy {
  readonly memberId: MemberId;
  readonly nodeId: NodeId;
  readonly chunkId: ChunkId;
}

/** Copies at other members that are said to be bad: the member looks, and what it has lost by its own word is lost here too. */
export class MemberDamage {
  readonly #options: MemberDamageOptions;

  constructor(options: MemberDamageOptions) {
    this.#options = options;
  }

  /** A client's word. Who cannot be asked now is asked when somebody finds it again. Error: CANCELLED. */
  async suspect(copies: readonly SuspectedCopy[], signal: AbortSignal): Promise<void> {
    const byMember = new Map<MemberId, SuspectedCopy[]>();
    for (const copy of copies) byMember.set(copy.memberId, [...(byMember.get(copy.memberId) ?? []), copy]);
    const { calls, logger } = this.#options;
    await Promise.all(
      [...byMember].map(async ([memberId, suspected]) => {
        const asked = { copies: suspected.map(({ chunkId, nodeId }) => ({ chunkId, nodeId })) };
        try {
          const { lostChunkIds } = await calls.call(memberId, LIMITS.memberAcceptMs, signal, (client, options) =>
            client.reportCopies(asked, options),
          );
          await this.lost(memberId, 'damaged', lostChunkIds.filter(isChunkId));
        } catch (error) {
          if (signal.aborted) throw error;
          logger.warn('a member could not check copies', { memberId, chunks: suspected.length, error });
        }
      }),
    );
  }

  /** The member's word, or its log's. */
  async lost(memberId: MemberId, reason: CopiesLost['reason'], chunkIds: readonly ChunkId[]): Promise<void> {
    if (chunkIds.length === 0) return;
    this.#options.logger.warn('copies at another member are lost', { memberId, reason, chunks: chunkIds.length });
    await this.#options.commands.submit({
      actor: `member/${memberId}/coordinator`,
      request: undefined,
      decide: ({ placement }) => decideMemberCopiesLost({ memberId, reason, chunkIds }, placement),
      answer: () => undefined,
    });
  }
}
