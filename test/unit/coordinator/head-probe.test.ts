import { afterEach, describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS, type NodeId } from '../../../src/base/index.js';
import { HeadProbe, type ProbeResult } from '../../../src/coordinator/witnesses/head-probe.js';
import { Quorum } from '../../../src/coordinator/witnesses/quorum.js';
import { type Standing, WitnessLink } from '../../../src/coordinator/witnesses/witness-link.js';
import type { EventLog } from '../../../src/events/index.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { SimFileSystem, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { hasher, originOf } from '../../support/events.js';
import { commitBlock, foundedLog, readAll } from '../../support/logs.js';
import { openHost } from '../projections/support.js';

const [a, b] = ['a'.repeat(16), 'b'.repeat(16)] as [NodeId, NodeId];
const NO_WITNESSES = { nodeIds: [], required: 0 };

/** The start of a coordinator whose log names nodes and no witnesses, as one from before the first of them does. */
class Start {
  readonly log: EventLog;
  readonly here = new Set<NodeId>();
  readonly links: WitnessLink[] = [];
  readonly #time = new SimTime();
  readonly #probe: HeadProbe;
  readonly #stopped = new AbortController();

  private constructor(log: EventLog, views: Awaited<ReturnType<typeof openHost>>, assertLatest: boolean) {
    this.log = log;
    const timers = new SimTimers(this.#time);
    const isHere = (nodeId: NodeId): boolean => this.here.has(nodeId);
    this.#probe = new HeadProbe({ log, views, assertLatest, isHere, timers, hasher, logger: silentLogger });
  }

  static async of(nodeIds: readonly NodeId[], { assertLatest = false } = {}): Promise<Start> {
    const log = await foundedLog(new SimFileSystem(), '');
    for (const nodeId of nodeIds) await commitBlock(log, [{ type: 'NodeRegistered', nodeId, name: nodeId.slice(0, 1) }]);
    const views = await openHost({ origins: [originOf(1)] });
    for (const { events } of await readAll(log)) await views.apply(events);
    const start = new Start(log, views, assertLatest);
    start.#probe.begin(nodeIds.length, () => undefined);
    return start;
  }

  /** A node tells of its copy of the log. */
  tells(nodeId: NodeId, standing: Standing): void {
    this.here.add(nodeId);
    const node = { nodeId, origin: this.log.origin, timers: new SimTimers(this.#time) };
    const link = new WitnessLink(node, { diskId: 'disk', copies: [] });
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
    return this.#probe.decide(this.links, new Quorum(NO_WITNESSES), this.#stopped.signal);
  }
}

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
