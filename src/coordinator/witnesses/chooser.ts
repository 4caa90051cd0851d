import { type MemberId, toCollectiveError } from '../../base/index.js';
import { decideWitnesses, planMembers, planWitnesses, requiredOf } from '../../domain/index.js';
import type { EventLog } from '../../events/index.js';
import type { Logger } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { KeeperId } from './keeper.js';
import { admittedMembers, goneKeepers } from './keepers-on-record.js';
import type { WitnessDesk } from './witness-desk.js';

export interface ChooserOptions {
  readonly desk: WitnessDesk;
  readonly commands: CommandLoop;
  readonly views: ViewHost;
  readonly log: Pick<EventLog, 'head'>;
  readonly ownDiskId: string;
  /** Whether other members are chosen too, where no node on another disk is here. */
  readonly membersToo: boolean;
  readonly logger: Logger;
}

/** Somebody is made a witness once its copy is so close to the head that nobody has to wait for the rest. */
const CLOSE_EVENTS = 2_000;

/** Chooses the witnesses from those who are here, where that takes nothing away. */
export class WitnessChooser {
  readonly #options: ChooserOptions;
  #choosing = false;
  /** Something has changed while a choice was being made. */
  #again = false;

  constructor(options: ChooserOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async choose(): Promise<void> {
    const { desk, logger } = this.#options;
    this.#again = true;
    if (this.#choosing) return;
    this.#choosing = true;
    try {
      while (this.#again && desk.phase.kind === 'open' && desk.refusal === undefined) {
        this.#again = false;
        await this.#choose({ anew: false });
      }
    } catch (error) {
      logger.warn('witnesses could not be chosen', { error: toCollectiveError(error) });
    } finally {
      this.#choosing = false;
    }
  }

  /** An operator hands the choice back; `lost`: those who are named now and not here are not waited for any more. */
  async chooseAnew({ lost }: { readonly lost: boolean }): Promise<void> {
    const choose = (): Promise<void> => this.#choose({ anew: true, lost });
    await (lost ? this.#options.desk.overriding(choose) : choose());
  }

  async #choose({ anew, lost = false }: { readonly anew: boolean; readonly lost?: boolean }): Promise<void> {
    const { desk, views, log, ownDiskId, membersToo, commands, logger } = this.#options;
    const { current, goneForGood, nodeIds, admitted } = await views.run((all) => ({
      current: all.witnesses.current(),
      goneForGood: goneKeepers(all),
      nodeIds: all.nodes.all().map(([nodeId]) => nodeId),
      admitted: admittedMembers(all),
    }));
    const named: readonly KeeperId[] = [...current.nodeIds, ...current.members];
    const gone = new Set([...goneForGood, ...(lost ? named.filter((id) => !this.#isHere(id)) : [])]);
    const candidates = nodeIds.flatMap((nodeId) => {
      const diskId = desk.diskOf(nodeId);
      return diskId === undefined ? [] : [{ nodeId, diskId, present: this.#isHere(nodeId) }];
    });
    const from = anew ? { ...current, byOperator: false } : current;
    const nodes = planWitnesses({ current: from, candidates, gone, ownDiskId });
    // A node that was not heard of yet is taken for one on another disk.
    const onAnotherDisk = nodes.some((nodeId) => ![ownDiskId, ''].includes(desk.diskOf(nodeId) ?? 'not heard of'));
    const here = membersToo ? admitted.filter((memberId) => this.#isHere(memberId)) : [];
    const members = planMembers({ current: from, here, gone, onAnotherDisk });
    const fresh = [...nodes, ...members].filter((id) => !named.includes(id));
    desk.teach(fresh);
    const isReady = (id: KeeperId): boolean => !fresh.includes(id) || this.#isClose(id, log.head.sequence);
    const ready = { nodeIds: nodes.filter(isReady), members: allOrNone(members, isReady, current.members) };
    const all = [...ready.nodeIds, ...ready.members];
    if (!anew && all.length < named.filter((id) => !gone.has(id)).length) return;
    if (!anew && all.join(' ') === named.join(' ')) return;
    logger.info('witnesses of the log are chosen', { witnesses: all });
    await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (each) => decideWitnesses({ ...ready, required: requiredOf(all.length), evenIfSame: anew }, each),
      answer: () => undefined,
    });
  }

  #isHere(id: KeeperId): boolean {
    return this.#options.desk.links.get(id)?.standing.kind === 'behind';
  }

  #isClose(id: KeeperId, headSequence: number): boolean {
    const head = this.#options.desk.links.get(id)?.head;
    return this.#isHere(id) && head !== undefined && head.sequence >= headSequence - CLOSE_EVENTS;
  }
}

/** With some of those that were planned, the log would stand still whenever one of them is away. */
const allOrNone = (
  planned: readonly MemberId[],
  isReady: (id: MemberId) => boolean,
  now: readonly MemberId[],
): readonly MemberId[] => (planned.every(isReady) ? planned : planned.filter((id) => now.includes(id)));
