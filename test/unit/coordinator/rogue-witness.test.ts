import { describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS, type NodeId } from '../../../src/base/index.js';
import { assess } from '../../../src/coordinator/witnesses/assess.js';
import { WitnessLink } from '../../../src/coordinator/witnesses/witness-link.js';
import type { EventLog, Head, StoredBlock } from '../../../src/events/index.js';
import { NodeSignatureVerifier } from '../../../src/runtime/index.js';
import { SimFileSystem, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { hasher } from '../../support/events.js';
import { commitBlock, foundedLog, IDENTITY, readAll, smallEvent } from '../../support/logs.js';

const NODE = 'b'.repeat(16) as NodeId;
const SIGNATURE_BYTE = 200;

/** A node that says to hold `head`, and answers whatever it is asked for with `bytes`; without them, with nothing at all. */
async function standingOf(log: EventLog, head: Head, bytes: Uint8Array | undefined): Promise<string> {
  const time = new SimTime();
  const node = { nodeId: NODE, origin: log.origin, timers: new SimTimers(time) };
  const link = new WitnessLink(node, { diskId: 'disk', copies: [head] });
  const tools = { log, hasher, verifier: new NodeSignatureVerifier(), identityKey: IDENTITY.publicKey };
  const answer = async (): Promise<void> => {
    for await (const { message } of link.messages(link.ended)) {
      if (message?.$case !== 'read') continue;
      const { orderId } = message.value;
      if (bytes === undefined) await time.advance(LIMITS.witnessReadMs + 1);
      else link.take({ message: { $case: 'page', value: { orderId, blocks: [bytes], failure: undefined } } });
    }
  };
  const answering = answer();
  const { standing } = await assess(link, [], tools, link.ended);
  link.close(new CollectiveError('UNAVAILABLE', 'The test is over.'));
  await answering.catch(() => undefined);
  return typeof standing === 'string' ? standing : standing.kind;
}

async function logOf(names: readonly string[]): Promise<{ readonly log: EventLog; readonly blocks: readonly StoredBlock[] }> {
  const log = await foundedLog(new SimFileSystem(), '');
  for (const name of names) await commitBlock(log, [smallEvent(name)]);
  return { log, blocks: await readAll(log) };
}

/** The head of a log that ends with this block. */
const headAt = (log: EventLog, { header, headerHash, lastSequence: sequence }: StoredBlock): Head => ({
  origin: log.origin,
  epoch: header.epoch,
  sequence,
  headerHash,
});

function lastOf(blocks: readonly StoredBlock[]): StoredBlock {
  const last = blocks.at(-1);
  if (last === undefined) throw new Error('The log has no block.');
  return last;
}

function withBitFlipped(bytes: Uint8Array, offset: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[offset] = (changed[offset] ?? 0) ^ 1;
  return changed;
}

describe('what a node says of its copy of the log', () => {
  it('is taken for a longer log only with the next block, signed', async () => {
    const { log } = await logOf(['a']);
    const longer = await logOf(['a', 'b']);
    const next = lastOf(longer.blocks);
    expect(await standingOf(log, headAt(log, next), next.bytes)).toBe('ahead');
    const forged = withBitFlipped(next.bytes, SIGNATURE_BYTE);
    expect(await standingOf(log, headAt(log, next), forged)).toBe('failing');
  });

  it('is taken for another branch only with the block that it ends with, signed', async () => {
    const { log } = await logOf(['a']);
    const other = lastOf((await logOf(['b'])).blocks);
    expect(await standingOf(log, headAt(log, other), other.bytes)).toBe('parted');
    expect(await standingOf(log, headAt(log, other), withBitFlipped(other.bytes, SIGNATURE_BYTE))).toBe('failing');
  });

  it('is not believed for another block of this log in that place', async () => {
    const { log, blocks } = await logOf(['a', 'b', 'c']);
    const [, older] = blocks;
    if (older === undefined) throw new Error('The log has no second block.');
    for (const sequence of [log.head.sequence, log.head.sequence - 1, log.head.sequence + 7]) {
      expect(await standingOf(log, { ...headAt(log, older), sequence }, older.bytes)).toBe('failing');
    }
  });

  it('is not waited for without end', async () => {
    const { log } = await logOf(['a']);
    expect(await standingOf(log, { ...log.head, sequence: log.head.sequence + 1 }, undefined)).toBe('failing');
    expect(await standingOf(log, { ...log.head, headerHash: new Uint8Array(32) }, undefined)).toBe('failing');
  });
});
