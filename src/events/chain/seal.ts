import { assert, concatBytes, LIMITS, type MemberId } from '../../base/index.js';
import type { Hasher, Signer } from '../../ports/index.js';
import { BLOCK_DOMAIN, BODY_OFFSET, encodeHeader } from './header.js';
import type { BlockHeader } from './types.js';

/** Where the next block of a log stands. */
export interface ChainLink {
  readonly origin: MemberId;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly previousHeaderHash: Uint8Array;
}

export interface BlockContent {
  /** SHA-256 of each envelope, in order. */
  readonly eventHashes: readonly Uint8Array[];
  readonly body: Uint8Array;
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
}

export interface SealedBlock {
  readonly header: BlockHeader;
  readonly headerHash: Uint8Array;
  /** Header, signature and body: what is stored and sent. */
  readonly bytes: Uint8Array;
}

/** Signs a block. Copies the body. */
export function sealBlock(
  link: ChainLink,
  content: BlockContent,
  tools: { readonly hasher: Hasher; readonly signer: Signer },
): SealedBlock {
  const { eventHashes, body, firstTimeMs, lastTimeMs } = content;
  assert(eventHashes.length > 0 && eventHashes.length <= LIMITS.blockEvents, 'a block holds 1 to 256 events');
  assert(BODY_OFFSET + body.length <= LIMITS.blockBytes, 'a block holds at most 256 KiB');
  const header: BlockHeader = {
    ...link,
    count: eventHashes.length,
    bodyBytes: body.length,
    firstTimeMs,
    lastTimeMs,
    bodyHash: tools.hasher.sha256(...eventHashes),
    keyId: tools.signer.keyId,
  };
  const headerBytes = encodeHeader(header);
  const signature = tools.signer.sign(concatBytes([BLOCK_DOMAIN, headerBytes]));
  return { header, headerHash: tools.hasher.sha256(headerBytes), bytes: concatBytes([headerBytes, signature, body]) };
}
