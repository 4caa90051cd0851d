import { CollectiveError, equalBytes, isCollectiveError, toCollectiveError } from '../../base/index.js';
import { type EventLog, type Head, parseBlock, type StoredBlock, verifyBlock } from '../../events/index.js';
import { keyIdOf } from '../../identity/index.js';
import type { Hasher, SignatureVerifier } from '../../ports/index.js';
import type { EpochRow } from '../../projections/index.js';
import type { Keeper, Standing } from './keeper.js';

export interface AssessTools {
  readonly log: Pick<EventLog, 'head' | 'read' | 'publicKey' | 'origin'>;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  /** SPKI DER: signs the block that starts an epoch. */
  readonly identityKey: Uint8Array;
}

export type Assessment =
  /** Blocks after this event go there. */
  | { readonly standing: { readonly kind: 'behind' }; readonly keptUpTo: number }
  /** What it holds was cut off by an epoch of this log: it begins anew. */
  | { readonly standing: 'superseded' }
  | { readonly standing: Found };

type Found = Exclude<Standing, { readonly kind: 'behind' } | { readonly kind: 'unknown' }>;

const BEHIND = { kind: 'behind' } as const;

const UNPROVEN: Found = {
  kind: 'failing',
  error: new CollectiveError('LOG_DAMAGED', 'What it says it keeps is not signed with the key of this log.'),
};

/**
 * How the copy at a node stands to the own log. That it goes on or has parted has to be shown by a block of that very place,
 * which the log's owner signed; a node that only says so is not believed, and keeps nothing for us.
 */
export async function assess(
  link: Keeper,
  epochs: readonly (readonly [epoch: number, row: EpochRow])[],
  tools: AssessTools,
  signal: AbortSignal,
): Promise<Assessment> {
  const { log } = tools;
  const copy = link.head;
  if (copy === undefined) return { standing: BEHIND, keptUpTo: 0 };
  const own = log.head;
  const cut = Math.min(...epochs.filter(([epoch]) => epoch > copy.epoch).map(([, row]) => row.cutSequence));
  if (copy.epoch < own.epoch && copy.sequence > cut) {
    // Whether the copy is of this branch up to the cut, the node finds out when it gets the block that starts the epoch.
    return { standing: BEHIND, keptUpTo: cut };
  }
  if (copy.sequence > own.sequence) return { standing: await beyond(link, copy, tools, signal) };
  if (await isOurs(copy, log, signal)) return { standing: BEHIND, keptUpTo: copy.sequence };
  if (copy.epoch < own.epoch) return { standing: 'superseded' };
  return { standing: await proven(link, copy, tools, signal) };
}

/** Whether the own log has this very block. */
async function isOurs(copy: Head, log: AssessTools['log'], signal: AbortSignal): Promise<boolean> {
  if (copy.sequence === log.head.sequence) return equalBytes(copy.headerHash, log.head.headerHash);
  try {
    for await (const block of log.read({ fromSequence: copy.sequence, toSequence: copy.sequence, signal })) {
      return block.lastSequence === copy.sequence && equalBytes(block.headerHash, copy.headerHash);
    }
    return false;
  } catch (error) {
    // The own block is damaged. Were the copy another one, it would refuse the blocks that come after.
    if (isCollectiveError(error) && error.code === 'LOG_DAMAGED') return true;
    throw error;
  }
}

/** The copy is longer: it goes on from the own head, or from somewhere else. */
async function beyond(link: Keeper, copy: Head, tools: AssessTools, signal: AbortSignal): Promise<Found> {
  const own = tools.log.head;
  try {
    const [bytes = new Uint8Array()] = await link.read(own.sequence + 1, own.sequence + 1, signal);
    const block = signedBlock(bytes, tools);
    if (block === undefined) return UNPROVEN;
    const { header } = block;
    const follows = header.firstSequence === own.sequence + 1 && equalBytes(header.previousHeaderHash, own.headerHash);
    return follows ? { kind: 'ahead' } : await proven(link, copy, tools, signal);
  } catch (error) {
    return { kind: 'failing', error: toCollectiveError(error) };
  }
}

async function proven(link: Keeper, copy: Head, tools: AssessTools, signal: AbortSignal): Promise<Found> {
  try {
    const [bytes = new Uint8Array()] = await link.read(copy.sequence, copy.sequence, signal);
    const block = signedBlock(bytes, tools);
    if (block !== undefined && isHead(block, copy)) {
      const newer = copy.epoch > tools.log.head.epoch ? `, of the newer epoch ${copy.epoch}` : '';
      const reason = `its event ${copy.sequence} is signed with the log's key${newer}, and is not what this log has there`;
      return { kind: 'parted', reason };
    }
  } catch (error) {
    return { kind: 'failing', error: toCollectiveError(error) };
  }
  return UNPROVEN;
}

/** Not just any block of the log: who keeps the log has many of them. */
const isHead = ({ header, headerHash, lastSequence }: StoredBlock, head: Head): boolean =>
  header.epoch === head.epoch && lastSequence === head.sequence && equalBytes(headerHash, head.headerHash);

function signedBlock(bytes: Uint8Array, { log, hasher, verifier, identityKey }: AssessTools): StoredBlock | undefined {
  const parsed = parseBlock(bytes, hasher);
  if (!parsed.ok) return undefined;
  const { epoch, firstSequence } = parsed.value.header;
  const keys = epoch > log.head.epoch ? [log.publicKey, identityKey] : [log.publicKey];
  const expectation = {
    origin: log.origin,
    epoch,
    firstSequence,
    previousHeaderHash: undefined,
    previousTimeMs: 0,
    publicKeyOf: (keyId: Uint8Array) => keys.find((key) => equalBytes(keyId, keyIdOf(key, hasher))),
  };
  const verified = verifyBlock(bytes, expectation, { hasher, verifier });
  return verified.ok ? verified.value : undefined;
}
