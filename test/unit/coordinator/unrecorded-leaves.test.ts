import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { accept, CollectiveError, LIMITS, type NodeId } from '../../../src/base/index.js';
import { UnrecordedLeaves } from '../../../src/coordinator/certificates/unrecorded-leaves.js';
import type { AppendGate } from '../../../src/coordinator/commands/append-gate.js';
import { CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import { ReceiptCheck } from '../../../src/coordinator/files/receipt-check.js';
import { certificateOf } from '../../../src/coordinator/member/certificate-issued.js';
import { type CertificateIssued, type CollectiveEvent, createLog } from '../../../src/events/index.js';
import {
  chunkListDigest,
  createSigner,
  type KeyPair,
  type PeerIdentity,
  signReceipt,
  verifyLeaf,
} from '../../../src/identity/index.js';
import { ViewHost } from '../../../src/projections/index.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { SeededRandom, SimClock, SimFileSystem, SimKeyValueStores, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { originOf } from '../../support/events.js';
import { founding, logKey, logOptions } from '../../support/logs.js';
import { errorOf } from '../../support/rpc.js';
import { createLeaf, createMember, hasher, NODE_ID, NOW_MS, OTHER_NODE_ID, UPLOAD_ID, verifier } from '../identity/support.js';
import { chunkId } from '../projections/support.js';

/** Whether a log takes events, as a test says. */
class Gate implements AppendGate {
  refusal: AppendGate['refusal'];
  readonly #listeners: (() => void)[] = [];

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  set(refusal: AppendGate['refusal']): void {
    this.refusal = refusal;
    for (const listener of this.#listeners) listener();
  }

  isSettled(): boolean {
    return true;
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }
}

const READ_ONLY = new CollectiveError('LOG_READ_ONLY', 'Nobody has said yet that this is the latest.');
const WAITS: AppendGate['refusal'] = { error: READ_ONLY, mayPass: true };
const CLOSED: AppendGate['refusal'] = { error: READ_ONLY, mayPass: false };
const LONGER_THAN_ANYBODY_WAITS_MS = LIMITS.witnessPatienceMs + 1000;
const KEEPER_KEY_HASH = new Uint8Array(32).fill(7);
const member = await createMember('alice');

async function leafOf(
  nodeId: NodeId,
): Promise<{ readonly keys: KeyPair; readonly peer: PeerIdentity; readonly event: CertificateIssued }> {
  const { keys, leaf } = await createLeaf(member, { role: 'node', memberId: member.memberId, nodeId });
  const peer = accept(verifyLeaf(leaf, { ca: member.ca, memberId: member.memberId, nowMs: NOW_MS }));
  return { keys, peer, event: certificateOf(peer, 'attic') };
}

let time: SimTime;
let gate: Gate;
let views: ViewHost;
let commands: CommandLoop;
let failure: CollectiveError | undefined;
let leaves: UnrecordedLeaves;
let receipts: ReceiptCheck;
let stopped: AbortController;
let running: Promise<void>;

const record = (...events: readonly CollectiveEvent[]): Promise<void> =>
  commands.submit({
    actor: 'coordinator',
    request: undefined,
    decide: () => ({ ok: true, value: events }),
    answer: () => undefined,
  });

beforeEach(async () => {
  time = new SimTime();
  gate = new Gate();
  const [clock, timers] = [new SimClock(time), new SimTimers(time)];
  const log = await createLog(logOptions(new SimFileSystem({ random: new SeededRandom(1) }), '', { clock, signer: logKey(1) }));
  views = await ViewHost.open(await new SimKeyValueStores().open('/views', 'create'), { origins: [originOf(1)], hasher });
  commands = new CommandLoop({ log, views, clock, timers, gate });
  failure = undefined;
  commands.onFailure((error) => {
    failure = error;
  });
  leaves = new UnrecordedLeaves({ commands, gate, views, clock, timers, logger: silentLogger });
  receipts = new ReceiptCheck({ origin: member.memberId, views, unrecorded: leaves, clock, hasher, verifier });
  await record(founding(logKey(1)));
  for (const nodeId of [NODE_ID, OTHER_NODE_ID]) {
    await record({ type: 'NodeRegistered', nodeId, name: nodeId }, (await leafOf(nodeId)).event);
  }
  stopped = new AbortController();
  running = leaves.run(stopped.signal);
});

afterEach(async () => {
  stopped.abort();
  await commands.stop();
  await running;
});

const certificates = (nodeId = NODE_ID): Promise<readonly Uint8Array[]> =>
  views.run((all) => all.certificates.of('node', nodeId).map(({ publicKey }) => publicKey));
/** Without time that passes. */
const untilRecorded = (count: number, nodeId = NODE_ID): Promise<unknown> =>
  vi.waitUntil(async () => (await certificates(nodeId)).length === count, { interval: 1 });
/** It has tried, in vain, and rests. */
const untilResting = (): Promise<void> => time.advance(LONGER_THAN_ANYBODY_WAITS_MS);

describe('a certificate that is in use and not on record', () => {
  test.each([
    ['for a while', WAITS],
    ['until somebody looks after it', CLOSED],
  ])('goes on record at the moment when a log that took nothing %s takes events again', async (_, refusal) => {
    gate.set(refusal);
    const [first, second] = [await leafOf(NODE_ID), await leafOf(NODE_ID)];
    leaves.add(first.event, second.event);
    await untilResting();
    gate.set(undefined);
    await untilRecorded(3);
    expect((await certificates()).slice(0, 2)).toEqual([second.event.publicKey, first.event.publicKey]);
    await vi.waitUntil(() => leaves.waiting.length === 0, { interval: 1 });
  });

  test('is left out where its owner was revoked meanwhile or is unknown, and the log goes on', async () => {
    gate.set(CLOSED);
    const other = await leafOf(OTHER_NODE_ID);
    leaves.add((await leafOf(NODE_ID)).event, (await leafOf('strangestrangest' as NodeId)).event, other.event);
    await untilResting();
    const revoking = record({ type: 'CertificateRevoked', role: 'node', subjectId: NODE_ID, note: '' });
    await expect(revoking).rejects.toThrow(READ_ONLY.message);
    gate.set(WAITS);
    const held = record({ type: 'CertificateRevoked', role: 'node', subjectId: NODE_ID, note: '' });
    gate.set(undefined);
    await held;
    await untilRecorded(2, OTHER_NODE_ID);
    expect(await certificates()).toHaveLength(1);
    await vi.waitUntil(() => leaves.waiting.length === 0, { interval: 1 });
    expect(failure).toBeUndefined();
  });

  test('goes on record once, whoever asks for it and however often', async () => {
    const { event, peer } = await leafOf(NODE_ID);
    await Promise.all([leaves.seen(peer), leaves.seen(peer), leaves.record(event), leaves.settle(NODE_ID)]);
    await untilRecorded(2);
    await leaves.seen(peer);
    await leaves.settle(NODE_ID);
    expect(leaves.waiting).toEqual([]);
    expect(await certificates()).toHaveLength(2);
  });
});

describe('a receipt by a key whose certificate waits for the log', () => {
  const chunks = [{ chunkId: chunkId('a'), lengthBytes: 10 }];
  const open = (keys: KeyPair) => {
    const signedReceipt = signReceipt(
      {
        nodeId: NODE_ID,
        origin: member.memberId,
        clientKeyHash: KEEPER_KEY_HASH,
        uploadId: UPLOAD_ID,
        holdExpiresAtMs: NOW_MS + 3600_000,
        listDigest: chunkListDigest(chunks, hasher),
      },
      createSigner(keys),
    );
    return receipts.open([{ nodeId: NODE_ID, signedReceipt, chunks }], UPLOAD_ID, { keyHash: KEEPER_KEY_HASH });
  };

  test('counts as soon as the log takes the certificate, and nobody is told that it is no good', async () => {
    gate.set(WAITS);
    const { event, keys } = await leafOf(NODE_ID);
    leaves.add(event);
    await untilResting();
    const opened = open(keys);
    await time.advance(1000);
    gate.set(undefined);
    expect([...(await opened).keys()]).toEqual([chunkId('a')]);
    expect((await certificates())[0]).toEqual(event.publicKey);
  });

  test('is held against the log for as long as any change waits for it, and no longer', async () => {
    gate.set(WAITS);
    const { event, keys } = await leafOf(NODE_ID);
    leaves.add(event);
    await untilResting();
    const refused = errorOf(open(keys));
    await time.advance(LONGER_THAN_ANYBODY_WAITS_MS);
    expect((await refused).code).toBe('LOG_READ_ONLY');
    expect(await certificates()).toHaveLength(1);
  });

  test('counts when its node comes back after a crash of the coordinator, and shows a certificate that is not on record', async () => {
    const { peer, keys, event } = await leafOf(NODE_ID);
    const opened = open(keys);
    await time.advance(1000);
    await leaves.seen((await leafOf(OTHER_NODE_ID)).peer);
    await leaves.seen(peer);
    expect([...(await opened).keys()]).toEqual([chunkId('a')]);
    expect((await certificates())[0]).toEqual(event.publicKey);
  });

  test('is refused where its node does not come back, or comes back with another', async () => {
    const refused = errorOf(open((await leafOf(NODE_ID)).keys));
    await time.advance(LIMITS.nodesReturnMs);
    expect((await refused).code).toBe('RECEIPT_INVALID');
    await leaves.seen((await leafOf(NODE_ID)).peer);
    expect((await errorOf(open((await leafOf(NODE_ID)).keys))).code).toBe('RECEIPT_INVALID');
  });

  test('is waited for no longer when the coordinator stops', async () => {
    const refused = errorOf(open((await leafOf(NODE_ID)).keys));
    await time.advance(1);
    stopped.abort();
    expect((await refused).code).toBe('RECEIPT_INVALID');
  });
});
