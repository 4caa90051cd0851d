import {
  CollectiveError,
  isChunkId,
  isMemberId,
  isNodeId,
  LIMITS,
  type ChunkId,
  type MemberId,
  type NodeId,
} from '../../base/index.js';
import type { ReportDamageRequest, ReportDamageResponse } from '../../transport/index.js';
import type { FilesCall } from '../caller.js';
import type { SharedCopies } from '../foreign/shared-copies.js';
import type { ViewReader } from '../log/view-reader.js';
import type { DamageDesk } from '../nodes/damage-desk.js';
import { atMost, ownPath } from './requests.js';

export interface DamageCallsOptions {
  readonly views: ViewReader;
  readonly damage: DamageDesk;
  /** Copies with other members. */
  readonly shared: SharedCopies;
}

/** What clients say of copies that they found bad. */
export class DamageCalls {
  readonly #options: DamageCallsOptions;

  constructor(options: DamageCallsOptions) {
    this.#options = options;
  }

  async reportDamage(request: ReportDamageRequest, call: FilesCall): Promise<ReportDamageResponse> {
    const copies = atMost('copies', request.copies, LIMITS.chunksPerCall).map(({ nodeId, chunkId, memberId = '', path }) => {
      if (path !== undefined && ownPath(path).length === 0)
        throw new CollectiveError('REQUEST_INVALID', 'A report names a file.');
      const whose: MemberId | '' | undefined = memberId === '' ? '' : isMemberId(memberId) ? memberId : undefined;
      if (!isNodeId(nodeId) || !isChunkId(chunkId) || whose === undefined)
        throw new CollectiveError('REQUEST_INVALID', 'A report names a chunk and a node.');
      return { nodeId, chunkId, memberId: whose };
    });
    const { damage, shared } = this.#options;
    const onRecord = await this.#onRecord(copies);
    const foreign = onRecord.flatMap(({ memberId, ...copy }) => (memberId === '' ? [] : [{ ...copy, memberId }]));
    const own = onRecord.filter(({ memberId }) => memberId === '');
    await Promise.all([damage.suspect(own, call.signal), shared.damage.suspect(foreign, call.signal)]);
    return {};
  }

  /** Of what is not on record there is nothing to check, and it would keep its place in the list for ever. */
  #onRecord<Copy extends { readonly nodeId: NodeId; readonly chunkId: ChunkId; readonly memberId: MemberId | '' }>(
    copies: readonly Copy[],
  ): Promise<readonly Copy[]> {
    return this.#options.views.run(({ placement }) => {
      placement.need(copies.map(({ chunkId }) => chunkId));
      return copies.filter(({ nodeId, chunkId, memberId }) => {
        const row = placement.chunk(chunkId);
        return memberId === '' ? row?.holders.includes(nodeId) === true : row?.members.includes(memberId) === true;
      });
    });
  }
}
