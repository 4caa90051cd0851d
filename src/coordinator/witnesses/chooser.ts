import { type NodeId, toCollectiveError } from '../../base/index.js';
import { decideWitnesses, planWitnesses, requiredOf } from '../../domain/index.js';
import type { EventLog } from '../../events/index.js';
import type { Logger } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { goneNodes, type WitnessDesk } from './witness-desk.js';

export interface ChooserOptions {
  readonly desk: WitnessDesk;
  readonly commands: CommandLoop;
  readonly views: ViewHost;
  readonly log: Pick<EventLog, 'head'>;
  readonly ownDiskId: string;
  readonly logger: Logger;
}

/** A node is made a witness once its copy is so close to the head that nobody has to wait for the rest. */
const CLOSE_EVENTS = 2_000;

/** Chooses the witnesses from the nodes that are here, where that takes nothing away. */
export class WitnessChooser {
  readonly #options: ChooserOptions;
  #choosing = false;

  constructor(options: ChooserOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async choose(): Promise<void> {
    const { desk, logger } = this.#options;
    if (this.#choosing || desk.phase.kind !== 'open' || desk.refusal !== undefined) return;
    this.#choosing = true;
    try {
      await this.#choose({ anew: false });
    } catch (error) {
      logger.warn('witnesses could not be chosen', { error: toCollectiveError(error) });
    } finally {
      this.#choosing = false;
    }
  }

  /** An operator hands the choice back. */
  async chooseAnew(): Promise<void> {
    await this.#choose({ anew: true });
  }

  async #choose({ anew }: { readonly anew: boolean }): Promise<void> {
    const { desk, views, log, ownDiskId, commands, logger } = this.#options;
    const { current, gone, nodeIds } = await views.run((all) => ({
      current: all.witnesses.current(),
      gone: new Set(goneNodes(all)),
      nodeIds: all.nodes.all().map(([nodeId]) => nodeId),
    }));
    const candidates = nodeIds.flatMap((nodeId) => {
      const diskId = desk.diskOf(nodeId);
      return diskId === undefined ? [] : [{ nodeId, diskId, present: desk.links.get(nodeId)?.standing.kind === 'behind' }];
    });
    const from = anew ? { ...current, byOperator: false } : current;
    const wanted = planWitnesses({ current: from, candidates, gone, ownDiskId });
    const fresh = wanted.filter((nodeId) => !current.nodeIds.includes(nodeId));
    desk.teach(fresh);
    const ready = wanted.filter((nodeId) => !fresh.includes(nodeId) || this.#isClose(nodeId, log.head.sequence));
    if (!anew && ready.length < current.nodeIds.filter((nodeId) => !gone.has(nodeId)).length) return;
    if (!anew && ready.join(' ') === current.nodeIds.join(' ')) return;
    logger.info('witnesses of the log are chosen', { witnesses: ready });
    await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (all) => decideWitnesses({ nodeIds: ready, required: requiredOf(ready.length), evenIfSame: anew }, all),
      answer: () => undefined,
    });
  }

  #isClose(nodeId: NodeId, headSequence: number): boolean {
    const link = this.#options.desk.links.get(nodeId);
    return (
      link?.standing.kind === 'behind' && (link.head?.sequence ?? 0) >= headSequence - CLOSE_EVENTS && link.head !== undefined
    );
  }
}
