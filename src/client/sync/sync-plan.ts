import { CollectiveError, LIMITS } from '../../base/index.js';
import type { SyncAction } from './tree-comparison.js';
import type { UploadFailure } from '../upload/upload-item.js';

/** All that a sync has to do. Paths are relative to the tops of both trees. */
export interface SyncPlan {
  readonly direction: 'to-remote' | 'to-local';
  /** The tops, each as its owner writes it. */
  readonly source: string;
  readonly destination: string;
  readonly actions: readonly SyncAction[];
  /** Files and symlinks that are as they should be. */
  readonly unchanged: number;
  readonly files: number;
  readonly bytes: number;
  readonly allocatedBytes: number;
  readonly failures: readonly UploadFailure[];
  readonly failureCount: number;
  /** Something of the source could not be read: what is missing from it may be there, so nothing is removed. */
  readonly removalsHeldBack: boolean;
}

/** Gathers the parts of a plan. */
export class PlanBuilder {
  readonly actions: SyncAction[] = [];
  readonly failures: UploadFailure[] = [];
  failureCount = 0;
  unchanged = 0;
  sourceTroubled = false;

  get removes(): boolean {
    return this.actions.some(isRemoval);
  }

  failed(path: string, error: CollectiveError): void {
    this.failureCount += 1;
    if (this.failures.length < LIMITS.transferFailuresShown) this.failures.push({ path, error });
  }

  /** Error: LIMIT_EXCEEDED. */
  add(action: SyncAction): void {
    if (this.actions.length >= LIMITS.syncActions) {
      throw new CollectiveError('LIMIT_EXCEEDED', `There is more to do than the ${LIMITS.syncActions} steps of one sync.`, {
        next: 'Transfer the tree with put or get first, or in parts.',
      });
    }
    this.actions.push(action);
  }

  /** Removals are left out of a plan whose source could not be read. */
  build(tops: Pick<SyncPlan, 'direction' | 'source' | 'destination'>): SyncPlan {
    const held = this.removes && this.sourceTroubled;
    const actions = held ? this.actions.filter((action) => !isRemoval(action)) : this.actions;
    let [files, bytes, allocatedBytes] = [0, 0, 0];
    for (const action of actions) {
      if ((action.kind !== 'create' && action.kind !== 'update') || action.entry.kind !== 'file') continue;
      files += 1;
      bytes += action.entry.bytes;
      allocatedBytes += Math.min(action.entry.bytes, action.entry.allocatedBytes);
    }
    const { unchanged, failures, failureCount } = this;
    return { ...tops, actions, unchanged, files, bytes, allocatedBytes, failures, failureCount, removalsHeldBack: held };
  }
}

const isRemoval = (action: SyncAction): boolean => action.kind === 'remove' && !action.inTheWay;

export type MakeAction = SyncAction & { readonly kind: 'create' | 'update' };

export const isMaking = (action: SyncAction): action is MakeAction => action.kind === 'create' || action.kind === 'update';
