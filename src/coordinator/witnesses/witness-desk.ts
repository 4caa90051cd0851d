import { assert, CollectiveError, equalBytes, toCollectiveError } from '../../base/index.js';
import type { Head, StoredBlock } from '../../events/index.js';
import type { WitnessesRow } from '../../projections/index.js';
import type { AppendGate } from '../commands/append-gate.js';
import { assess } from './assess.js';
import type { Phase, WitnessDeskOptions } from './desk-options.js';
import { feed } from './feeder.js';
import { HeadProbe } from './head-probe.js';
import { describeKeeper, type Keeper, type KeeperId, keeperName } from './keeper.js';
import { goneKeepers, noteInQuorum, ruleOf } from './keepers-on-record.js';
import { MemberKeeper, type MemberSession } from './member-keeper.js';
import { Quorum } from './quorum.js';
import { forked, keyMissing, notCertain, tooFew } from './refusals.js';
import { RecentBlocks } from './recent-blocks.js';
import { Settling } from './settling.js';
import type { WitnessLink } from './witness-link.js';

/** The coordinator's side of the copies of its log: finds the latest head before anything is recorded, and counts who holds what. */
export class WitnessDesk implements AppendGate {
  readonly #options: WitnessDeskOptions;
  readonly #links = new Map<KeeperId, Keeper>();
  readonly #disks = new Map<KeeperId, string>();
  readonly #names = new Map<KeeperId, string>();
  /** Those that get blocks, to become witnesses. */
  readonly #learners = new Set<KeeperId>();
  readonly #recent = new RecentBlocks();
  readonly #settling: Settling;
  readonly #probe: HeadProbe;
  readonly #listeners: (() => void)[] = [];
  readonly #settledListeners = new Set<() => void>();
  readonly #notices: string[] = [];
  readonly #stopping = new AbortController();
  #quorum: Quorum;
  #phase: Phase = { kind: 'probing' };
  #refusal: AppendGate['refusal'];
  #overriding = false;
  #looking = false;
  #lookAgain = false;

  constructor(options: WitnessDeskOptions, current: WitnessesRow, gone: readonly KeeperId[]) {
    this.#options = options;
    this.#quorum = new Quorum(ruleOf(current));
    for (const id of gone) this.#quorum.lose(id);
    this.#settling = new Settling(options.timers, (sequence) => this.#late(sequence));
    this.#probe = new HeadProbe(options);
    this.#refusal = this.#refusalNow();
    options.log.onCommitted((block) => this.#committed(block));
  }

  get phase(): Phase {
    return this.#phase;
  }

  get quorum(): Quorum {
    return this.#quorum;
  }

  get links(): ReadonlyMap<KeeperId, Keeper> {
    return this.#links;
  }

  /** What happened with copies since the start that people should know, in sentences. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** The disk that a copy lies on, as was last said; undefined: not heard of. */
  diskOf(id: KeeperId): string | undefined {
    return this.#disks.get(id);
  }

  get refusal(): AppendGate['refusal'] {
    return this.#overriding && this.#phase.kind === 'open' ? undefined : this.#refusal;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get settledSequence(): number {
    return this.#quorum.settledSequence;
  }

  /** Told whenever that may have moved, and after every new block; must not throw. Returns what ends that. */
  onSettled(listener: () => void): () => void {
    this.#settledListeners.add(listener);
    return () => this.#settledListeners.delete(listener);
  }

  isSettled(sequence: number): boolean {
    return sequence <= this.#quorum.settledSequence;
  }

  settled(sequence: number): Promise<void> {
    return this.isSettled(sequence) ? Promise.resolve() : this.#settling.wait(sequence);
  }

  /** For what shows the state: waits until what it shows is settled, or it is clear that it will not be for a while. */
  async seen(): Promise<void> {
    const { sequence } = this.#options.log.head;
    if (this.isSettled(sequence) || this.#refusal !== undefined) return;
    // A reader is not to be refused because a witness is slow: it sees what is durable on this disk.
    await this.#settling.wait(sequence).catch(() => undefined);
  }

  /** Begins to find out whether this log is the latest. */
  start(keepersOnRecord: number): void {
    this.#probe.begin(keepersOnRecord, () => this.look());
    this.look();
  }

  stop(): void {
    const reason = new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.', { next: 'Try again when it is back.' });
    this.#stopping.abort(reason);
    this.#probe.end();
    this.#settling.end(reason);
    for (const link of this.#links.values()) link.close(reason);
  }

  /** Looks after a node's copy until its stream ends. Never rejects. */
  async attend(link: WitnessLink): Promise<void> {
    const { log, timers, logger } = this.#options;
    this.#links.get(link.nodeId)?.close(new CollectiveError('UNAVAILABLE', 'The node has opened a newer stream.'));
    this.#links.set(link.nodeId, link);
    this.#disks.set(link.nodeId, link.diskId);
    this.look();
    const wanted = ({ id }: Keeper): boolean => this.isToKeep(id);
    await feed(link, { log, recent: this.#recent, timers, logger, wanted });
    if (this.#links.get(link.nodeId) === link) this.#links.delete(link.nodeId);
    this.#changed();
  }

  /** A node has said how far its copy goes, or that it takes nothing. */
  heard(link: WitnessLink): void {
    if (link.standing.kind === 'behind') {
      this.#quorum.note(link.nodeId, Math.min(link.head?.sequence ?? 0, link.sentSequence));
      this.#changed();
      if (this.#learners.has(link.nodeId)) this.look();
      return;
    }
    if (link.standing.kind === 'failing')
      this.#options.logger.warn('a node does not keep the log', { nodeId: link.nodeId, error: link.standing.error });
    this.look();
  }

  /** Another member's coordinator has said how far its copy of this log goes. */
  heardMember(session: MemberSession, head: Head | undefined): void {
    if (this.#stopping.signal.aborted || session.ended.aborted) return;
    const known = this.#links.get(session.memberId);
    if (known instanceof MemberKeeper && known.session.ended === session.ended) {
      if (known.tell(head, this.#options.log.head, this.#recent)) this.#quorum.note(known.id, head?.sequence ?? 0);
      if (known.standing.kind === 'unknown' || this.#learners.has(known.id)) this.look();
    } else this.#welcome(new MemberKeeper(session, head));
    this.#changed();
  }

  #welcome(keeper: MemberKeeper): void {
    this.#links.set(keeper.id, keeper);
    this.#disks.set(keeper.id, keeper.diskId);
    const leave = (): void => {
      if (this.#links.get(keeper.id) === keeper) this.#links.delete(keeper.id);
      this.#changed();
    };
    keeper.ended.addEventListener('abort', leave, { once: true });
    this.look();
  }

  /** Whether it gets every block as soon as that is on this disk. */
  isToKeep(id: KeeperId): boolean {
    return this.#quorum.members.has(id) || this.#learners.has(id);
  }

  /** Has blocks sent to those that are no witnesses yet. */
  teach(ids: readonly KeeperId[]): void {
    for (const id of ids) {
      this.#learners.add(id);
      this.#links.get(id)?.wake();
    }
    for (const listener of this.#settledListeners) listener();
  }

  /** While this runs, things are recorded although too few witnesses are here: it names others in the place of lost ones. */
  async overriding<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#overriding = true;
    this.#tellListeners();
    try {
      return await work();
    } finally {
      this.#overriding = false;
    }
  }

  /** Told after every look at the nodes: now is the time to choose among them. */
  onLooked: () => void = () => undefined;
  /** The own log was completed, and the views with it. */
  onCompleted: () => void = () => undefined;

  /** Looks at all nodes anew. */
  look(): void {
    if (this.#stopping.signal.aborted) return;
    this.#lookAgain = true;
    if (!this.#looking) this.#lookUntilDone().catch((error: unknown) => this.#lookingEnded(error));
  }

  #lookingEnded(error: unknown): void {
    this.#looking = false;
    this.#options.logger.error('looking after the copies of the log ended', { error: toCollectiveError(error) });
  }

  async #lookUntilDone(): Promise<void> {
    this.#looking = true;
    while (this.#lookAgain && !this.#stopping.signal.aborted) {
      this.#lookAgain = false;
      try {
        await this.#lookOnce();
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#options.logger.error('looking after the copies of the log failed', { error: toCollectiveError(error) });
      }
      this.#changed();
      this.onLooked();
    }
    this.#looking = false;
  }

  async #lookOnce(): Promise<void> {
    const unknown = [...this.#links.values()].filter(({ standing }) => standing.kind === 'unknown');
    await Promise.all(unknown.map((link) => this.#assess(link)));
    if (this.#phase.kind === 'probing') {
      const found = await this.#probe.decide([...this.#links.values()], this.#quorum, this.#stopping.signal);
      if (found.kind === 'waiting') return;
      if (found.kind === 'adopted') {
        await this.#adopted(found.notice);
        return;
      }
      this.#phase = found;
      this.#probe.end();
      if (found.kind === 'closed') this.#options.logger.error('the log is read-only', { error: found.error });
      else if (!this.#canSign()) this.#phase = { kind: 'closed', error: keyMissing() };
    }
    if (this.#phase.kind === 'open') for (const link of this.#links.values()) this.#straighten(link, this.#phase.certain);
  }

  #canSign(): boolean {
    const { log, signingKeys } = this.#options;
    return signingKeys.some((publicKey) => equalBytes(publicKey, log.publicKey));
  }

  async #assess(link: Keeper): Promise<void> {
    const { epochs, owner, name } = await this.#options.views.run((all) => ({
      epochs: all.witnesses.epochs(),
      owner: all.members.owner(),
      name: keeperName(link.id, all),
    }));
    this.#names.set(link.id, name);
    assert(owner !== undefined, 'a coordinator that runs has a log');
    const tools = { ...this.#options, identityKey: owner.identityPublicKey };
    const found = await assess(link, epochs, tools, AbortSignal.any([this.#stopping.signal, link.ended]));
    if (found.standing === 'superseded') {
      if (link.setAside === undefined) link.standing = { kind: 'behind' };
      else this.#setAside(link, 'a later epoch of this log has cut off what it held');
      return;
    }
    link.standing = found.standing;
    if ('keptUpTo' in found) {
      link.sentSequence = found.keptUpTo;
      this.#quorum.note(link.id, found.keptUpTo);
      link.wake();
    }
  }

  /** The own log has grown by what a witness held: everybody stands differently to it now. */
  async #adopted(notice: string): Promise<void> {
    this.#notices.push(notice);
    this.#options.logger.warn('the log was completed from a witness', { notice });
    const { witnesses, gone } = await this.#options.views.run((views) => ({
      witnesses: views.witnesses.current(),
      gone: goneKeepers(views),
    }));
    this.#quorum = new Quorum(ruleOf(witnesses));
    for (const id of gone) this.#quorum.lose(id);
    for (const link of this.#links.values()) if (link.standing.kind !== 'failing') link.standing = { kind: 'unknown' };
    this.#lookAgain = true;
    this.onCompleted();
  }

  /** Recording goes on, and a node holds what this log has not. */
  #straighten(link: Keeper, certain: boolean): void {
    const { standing, head } = link;
    if (standing.kind !== 'ahead' && standing.kind !== 'parted') return;
    if (certain && link.setAside !== undefined && (head?.epoch ?? 0) <= this.#options.log.head.epoch) {
      // Enough others had no such block when this log was opened: it was never acknowledged.
      this.#setAside(link, 'it held blocks that were never acknowledged, and that this log does not have');
      return;
    }
    this.#phase = { kind: 'closed', error: forked(link) };
    this.#options.logger.error('the log is read-only', { error: this.#phase.error });
  }

  #setAside(link: Keeper, why: string): void {
    const notice = `The copy of the log at ${describeKeeper(link.id)} was put aside: ${why}.`;
    this.#notices.push(notice);
    this.#options.logger.warn('a copy of the log is put aside', { keeper: link.id, why });
    link.standing = { kind: 'unknown' };
    link.setAside?.();
    link.standing = { kind: 'behind' };
    link.sentSequence = 0;
    this.#quorum.note(link.id, 0);
  }

  #committed(block: StoredBlock): void {
    this.#recent.add(block);
    for (const id of noteInQuorum(this.#quorum, block, this.#overriding)) this.#learners.delete(id);
    for (const link of this.#links.values()) link.wake();
    this.#changed();
  }

  /** Whoever has not answered by now is not counted upon until it does. */
  #late(sequence: number): void {
    for (const link of this.#links.values()) {
      if (this.#quorum.members.has(link.id) && this.#quorum.heldBy(link.id) < sequence) link.stalled = true;
    }
    this.#changed();
  }

  #changed(): void {
    this.#settling.reached(this.#quorum.settledSequence);
    for (const listener of this.#settledListeners) listener();
    const before = this.#refusal;
    this.#refusal = this.#refusalNow();
    if (before?.error.code !== this.#refusal?.error.code) this.#tellListeners();
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  #refusalNow(): AppendGate['refusal'] {
    if (this.#phase.kind === 'closed') return { error: this.#phase.error, mayPass: false };
    const asked = { ...this.#options, links: this.#links, names: this.#names };
    if (this.#phase.kind === 'probing') return { error: notCertain(this.#quorum, asked), mayPass: true };
    const { required, rule } = this.#quorum;
    const here = rule.keepers.filter((id) => {
      const link = this.#links.get(id);
      return link?.standing.kind === 'behind' && !link.stalled;
    }).length;
    return here >= required ? undefined : { error: tooFew(here, this.#quorum, asked), mayPass: true };
  }
}
