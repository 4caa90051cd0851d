import { describe, expect, test, vi } from 'vitest';
import { type CollectiveError, ROOT_FILE_ID } from '../../../src/base/index.js';
import { CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import { auditBesideService } from '../../../src/coordinator/log/background-audit.js';
import { createLog, type EventLog } from '../../../src/events/index.js';
import type { KeyValueStore } from '../../../src/ports/index.js';
import { ViewHost } from '../../../src/projections/index.js';
import { SystemClock, SystemTimers } from '../../../src/runtime/index.js';
import { SeededRandom, SimFileSystem, SimKeyValueStores } from '../../simulation/ports/index.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { hasher, originOf } from '../../support/events.js';
import { founding, logKey, logOptions } from '../../support/logs.js';
import { AT } from '../projections/support.js';

const INTERVAL_MS = 5;
const clock = new SystemClock();
const timers = new SystemTimers();

/** The parts of a coordinator that decide, record and verify. */
class Member {
  readonly disk: SimFileSystem;
  readonly store: KeyValueStore;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly failures: CollectiveError[] = [];
  readonly background: ReturnType<typeof auditBesideService>['background'];
  readonly #keeper: ReturnType<typeof auditBesideService>['keeper'];
  readonly #stopped = new AbortController();

  private constructor(disk: SimFileSystem, log: EventLog, store: KeyValueStore, views: ViewHost) {
    this.disk = disk;
    this.store = store;
    this.views = views;
    this.commands = new CommandLoop({ log, views, clock, timers });
    const onFailure = (error: CollectiveError): void => {
      this.failures.push(error);
    };
    this.commands.onFailure(onFailure);
    const shared = { log, views, commands: this.commands, clock, timers, logger: silentLogger };
    const audit = auditBesideService({ ...shared, viewsChecked: true, intervalMs: INTERVAL_MS, onFailure });
    this.background = audit.background;
    this.#keeper = audit.keeper;
  }

  static async make(cacheBytes?: number): Promise<Member> {
    const disk = new SimFileSystem({ random: new SeededRandom(1) });
    const log = await createLog(logOptions(disk, '', { clock, signer: logKey(1) }));
    const store = await new SimKeyValueStores().open('/views', 'create');
    const views = await ViewHost.open(store, {
      origins: [originOf(1)],
      hasher,
      ...(cacheBytes === undefined ? {} : { cacheBytes }),
    });
    const member = new Member(disk, log, store, views);
    await member.commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: () => ({ ok: true, value: [founding(logKey(1))] }),
      answer: () => undefined,
    });
    for (const name of ['A', 'B', 'C']) await member.makeDirectory(name);
    await views.flush();
    return member;
  }

  makeDirectory(name: string): Promise<void> {
    return this.commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: ({ namespace }) => {
        namespace.entry(ROOT_FILE_ID, name);
        return { ok: true, value: [{ type: 'DirectoryCreated', parentId: ROOT_FILE_ID, name, mode: 0o755, modified: AT }] };
      },
      answer: () => undefined,
    });
  }

  names(): Promise<readonly string[]> {
    return this.views.run(({ namespace }) => namespace.entries(ROOT_FILE_ID, undefined, 100).rows.map(([[, name]]) => name));
  }

  /** Runs the audits until one that began after this call has come to its end. */
  async audited(): Promise<void> {
    const { signal } = this.#stopped;
    const running = Promise.all([this.background.run(signal), this.#keeper.run(signal)]);
    const ended = (): boolean => this.background.report.last !== undefined || this.failures.length > 0;
    await vi.waitUntil(ended, { timeout: 20_000 });
    this.#stopped.abort();
    await running;
  }

  /** The stored rows whose key holds this text. */
  async rowsWith(text: string): Promise<readonly (readonly [Uint8Array, Uint8Array])[]> {
    const found: (readonly [Uint8Array, Uint8Array])[] = [];
    const range = { from: new Uint8Array(), to: new Uint8Array(8).fill(0xff) };
    for await (const [key, value] of this.store.entries(range)) {
      if (Buffer.from(key).includes(text)) found.push([key, value]);
    }
    return found;
  }
}

const codes = ({ background }: Member): readonly string[] => background.report.findings.map(({ code }) => code);

describe('the verification beside the service', () => {
  test('says nothing of what is whole, and how much it has read', async () => {
    const member = await Member.make();
    await member.audited();
    expect(member.background.report).toMatchObject({ phase: 'idle', findings: [], last: { headSequence: 4, events: 4 } });
    expect(member.background.report.last?.rows).toBeGreaterThan(6);
  });

  test('finds rows that the database lost, and rebuilds the views while the service goes on', async () => {
    const member = await Member.make(1);
    const rows = await member.rowsWith('B');
    expect(rows.length).toBeGreaterThan(0);
    await member.store.batch(rows.map(([key]) => ({ kind: 'delete', key })));
    expect(await member.names()).not.toContain('B');
    const made = member.makeDirectory('D');
    await member.audited();
    await made;
    await member.makeDirectory('E');
    expect(await member.names()).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(codes(member)).toEqual(['views-rebuilt']);
    expect(member.failures).toEqual([]);
    expect((await member.views.verify()).every(({ whole }) => whole)).toBe(true);
  });

  test('names damage of the log by file, place and event', async () => {
    const member = await Member.make();
    member.disk.flipBit('/log/0000000000000001.segment', 400);
    await member.audited();
    expect(codes(member)).toEqual(['log-damaged']);
    expect(member.background.report.findings[0]?.message).toMatch(/0000000000000001\.segment, byte 64, event 1: /);
    expect(member.failures).toEqual([]);
  });
});

test('a command that runs into a damaged row is carried out once the views are rebuilt', async () => {
  const member = await Member.make(1);
  const rows = await member.rowsWith('B');
  await member.store.batch(rows.map(([key, value]) => ({ kind: 'put', key, value: value.map((byte) => byte ^ 1) })));
  await Promise.all(['B2', 'B', 'F'].map((name) => member.makeDirectory(name).catch(() => undefined)));
  expect(await member.names()).toEqual(['A', 'B', 'B2', 'C', 'F']);
  expect(member.failures).toEqual([]);
});

test('views that cannot be rebuilt because the log is damaged too end the coordinator, with the name of the file', async () => {
  const member = await Member.make(1);
  const rows = await member.rowsWith('B');
  await member.store.batch(rows.map(([key]) => ({ kind: 'delete', key })));
  member.disk.flipBit('/log/0000000000000001.segment', 400);
  await member.audited();
  expect(member.failures.map(({ code }) => code)).toEqual(['LOG_DAMAGED']);
  expect(member.failures[0]?.message).toContain('0000000000000001.segment');
});
