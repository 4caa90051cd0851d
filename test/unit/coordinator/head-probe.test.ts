import { afterEach, describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS, type MemberId, type NodeId } from '../../../src/base/index.js';
import { HeadProbe, type ProbeResult } from '../../../src/coordinator/witnesses/head-probe.js';
import { Quorum, type QuorumRule } from '../../../src/coordinator/witnesses/quorum.js';
import type { Standing } from '../../../src/coordinator/witnesses/keeper.js';
import { MemberKeeper } from '../../../src/coordinator/witnesses/member-keeper.js';
import { WitnessLink } from '../../../src/coordinator/witnesses/witness-link.js';
import type { CollectiveEvent, EventLog } from '../../../src/events/index.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { SimFileSystem, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { hasher, originOf } from '../../support/events.js';
import { commitBlock, foundedLog, readAll } from '../../support/logs.js';
import { openHost } from '../projections/support.js';

const [a, b] = ['a'.repeat(16), 'b'.repeat(16)] as [NodeId, NodeId];
const NO_WITNESSES = { keepers: [], required: 0 };

/** The start of a coordinator whose log names nodes and no witnesses, as one from before the first of them does. */
class Start {
  readonly log: EventLog;
  readonly here = new Set<NodeId>();
  readonly links: (WitnessLink | MemberKeeper)[] = [];
  rule: QuorumRule = NO_WITNESSES;
  readonly #time = new SimTime();
  readonly #probe: HeadProbe;
  readonly #stopped = new AbortController();

  private constructor(log: EventLog, views: Awaited<ReturnType<typeof openHost>>, assertLatest: boolean) {
    this.log = log;
    const timers = new SimTimers(this.#time);
    const isHere = (nodeId: NodeId): boolean => this.here.has(nodeId);
    this.#probe = new HeadProbe({ log, views, assertLatest, ownDiskId: 'own', isHere, timers, hasher, logger: silentLogger });
  }

  static async of(
    nodeIds: readonly NodeId[],
    { assertLatest = false, members = [] as readonly MemberId[] } = {},
  ): Promise<Start> {
    const log = await foundedLog(new SimFileSystem(), '');
    for (const nodeId of nodeIds) await commitBlock(log, [{ type: 'NodeRegistered', nodeId, name: nodeId.slice(0, 1) }]);
    for (const memberId of members) await commitBlock(log, [admitted(memberId)]);
    const views = await openHost({ origins: [originOf(1)] });
    for (const { events } of await readAll(log)) await views.apply(events);
    const start = new Start(log, views, assertLatest);
    start.#probe.begin(nodeIds.length + members.length, () => undefined);
    return start;
  }

  /** Another member tells of its copy of the log. */
  memberTells(memberId: MemberId, standing: Standing): void {
    const keeper = new MemberKeeper({ memberId, ended: new AbortController().signal, read: never }, this.log.head);
    keeper.standing = standing;
    this.links.push(keeper);
  }

  /** Another member says that it holds more, and does not give it. Returns how often it was asked. */
  memberIsAhead(memberId: MemberId): () => number {
    let asked = 0;
    const read = (): Promise<never> => {
      asked += 1;
      return never();
    };
    const head = { ...this.log.head, sequence: this.log.head.sequence + 5 };
    const keeper = new MemberKeeper({ memberId, ended: new AbortController().signal, read }, head);
    keeper.standing = { kind: 'ahead' };
    this.links.push(keeper);
    return () => asked;
  }

  /** A node tells of its copy of the log, as long as the own one. */
  tells(nodeId: NodeId, standing: Standing, diskId = 'disk'): void {
    this.here.add(nodeId);
    const node = { nodeId, origin: this.log.origin, timers: new SimTimers(this.#time) };
    const link = new WitnessLink(node, { diskId, copies: [this.log.head] });
    link.standing = standing;
    this.links.push(link);
  }

  /** What is decided after so much time, looking once a tick as the desk does. */
  async after(durationMs: number): Promise<ProbeResult['kind']> {
    let result = await this.#decide();
    for (let waitedMs = 0; waitedMs < durationMs; waitedMs += LIMITS.assertLatestWaitMs) {
      await this.#time.advance(LIMITS.assertLatestWaitMs);
      result = await this.#decide();
    }
    return result.kind;
  }

  end(): void {
    this.#probe.end();
    this.#stopped.abort(new CollectiveError('CANCELLED', 'The test is over.'));
  }

  #decide(): Promise<ProbeResult> {
    return this.#probe.decide(this.links, new Quorum(this.rule), this.#stopped.signal);
  }
}

const never = (): Promise<never> => Promise.reject(new CollectiveError('NODE_UNREACHABLE', 'It gives nothing.'));

const admitted = (memberId: MemberId): CollectiveEvent => ({
  type: 'MemberAdmitted',
  memberId,
  name: memberId.slice(0, 8),
  identityPublicKey: new Uint8Array(44),
  caCertificate: new Uint8Array(300),
  caEndorsement: new Uint8Array(100),
  endpoints: ['127.0.0.1:7422'],
  inviteId: '',
  introducedBy: '',
});

let start: Start;
afterEach(() => start.end());

const TICK_MS = LIMITS.assertLatestWaitMs;

describe('a start with a log that names no witnesses', () => {
  it('waits for no one where no node was ever there', async () => {
    start = await Start.of([]);
    expect(await start.after(0)).toBe('open');
  });

  it('waits for every node on record, and no longer than is bearable', async () => {
    start = await Start.of([a, b]);
    start.tells(a, { kind: 'behind' });
    expect(await start.after(LIMITS.nodesAskedMs - TICK_MS)).toBe('waiting');
    expect(await start.after(TICK_MS)).toBe('open');
  });

  it('goes on as soon as every node on record has told, and those that it may not know of had a moment', async () => {
    start = await Start.of([a, b]);
    start.tells(a, { kind: 'behind' });
    start.tells(b, { kind: 'behind' });
    expect(await start.after(0)).toBe('waiting');
    expect(await start.after(TICK_MS)).toBe('open');
  });

  it('does not wait for a node that is here and keeps no log', async () => {
    start = await Start.of([a]);
    start.here.add(a);
    expect(await start.after(TICK_MS)).toBe('waiting');
    expect(await start.after(TICK_MS)).toBe('open');
  });

  it('does not take the word of a node that cannot show what it says it holds', async () => {
    start = await Start.of([a]);
    start.tells(a, { kind: 'failing', error: new CollectiveError('LOG_DAMAGED', 'It is not signed.') });
    expect(await start.after(LIMITS.nodesAskedMs - TICK_MS)).toBe('waiting');
  });

  it('asks again who holds more and could not give it, and passes it over only after several tries', async () => {
    const memberId = originOf(2);
    start = await Start.of([], { members: [memberId] });
    const asked = start.memberIsAhead(memberId);
    expect(await start.after(TICK_MS)).toBe('waiting');
    // Whatever wakes it meanwhile.
    for (let wakes = 0; wakes < 10; wakes += 1) expect(await start.after(0)).toBe('waiting');
    expect(asked()).toBe(1);
    expect(await start.after((LIMITS.adoptTries - 1) * TICK_MS)).toBe('waiting');
    expect(asked()).toBe(LIMITS.adoptTries);
    expect(await start.after(LIMITS.nodesAskedMs)).toBe('open');
    expect(asked()).toBe(LIMITS.adoptTries);
  });

  it('never writes over what a node has gone on with', async () => {
    start = await Start.of([a, b]);
    start.tells(a, { kind: 'parted', reason: 'another block' });
    expect(await start.after(0)).toBe('closed');
  });

  it('takes the word of an operator after a moment', async () => {
    start = await Start.of([a, b], { assertLatest: true });
    expect(await start.after(0)).toBe('waiting');
    expect(await start.after(TICK_MS)).toBe('open');
  });
});

describe('a start with other members', () => {
  const [bob, carol] = [originOf(2), originOf(3)];

  it('waits for every member where the log names no witness, and no longer than is bearable', async () => {
    start = await Start.of([], { members: [bob, carol] });
    start.memberTells(bob, { kind: 'behind' });
    expect(await start.after(LIMITS.nodesAskedMs - TICK_MS)).toBe('waiting');
    expect(await start.after(TICK_MS)).toBe('open');
  });

  it('asks members too where all witnesses lie on the own disk: it may have been put back as a whole', async () => {
    start = await Start.of([a], { members: [bob] });
    start.rule = { keepers: [a], required: 1 };
    start.tells(a, { kind: 'behind' }, 'own');
    expect(await start.after(0)).toBe('waiting');
    start.memberTells(bob, { kind: 'behind' });
    expect(await start.after(0)).toBe('open');
  });

  it('waits for no member where a witness on another disk has answered', async () => {
    start = await Start.of([a], { members: [bob] });
    start.rule = { keepers: [a], required: 1 };
    start.tells(a, { kind: 'behind' });
    expect(await start.after(0)).toBe('open');
  });

  it('needs the word of a member that is a witness like that of a node', async () => {
    start = await Start.of([a], { members: [bob, carol] });
    start.rule = { keepers: [a, bob], required: 1 };
    start.tells(a, { kind: 'behind' });
    expect(await start.after(LIMITS.nodesAskedMs)).toBe('waiting');
    start.memberTells(bob, { kind: 'behind' });
    expect(await start.after(0)).toBe('open');
  });

  it('takes the word of an operator only after members were heard, or waited for: this disk may be an old one all the same', async () => {
    start = await Start.of([a], { members: [bob], assertLatest: true });
    start.rule = { keepers: [a], required: 1 };
    expect(await start.after(LIMITS.membersAskedMs - TICK_MS)).toBe('waiting');
    expect(await start.after(TICK_MS)).toBe('open');
    start.end();
    start = await Start.of([a], { members: [bob], assertLatest: true });
    start.rule = { keepers: [a], required: 1 };
    start.memberTells(bob, { kind: 'behind' });
    expect(await start.after(TICK_MS)).toBe('open');
  });

  it('never writes over what a member has gone on with', async () => {
    start = await Start.of([], { members: [bob] });
    start.memberTells(bob, { kind: 'parted', reason: 'another block' });
    expect(await start.after(0)).toBe('closed');
  });
});
