export { entryBytes, SALT_BYTES, writeEntry } from './body.js';
export { ByteCursor } from './byte-cursor.js';
export { KEY_ID_BYTES, type LogOwner } from './endorsement.js';
export { BLOCK_MAGIC, BODY_OFFSET, HEADER_BYTES, NO_HASH, originBytes } from './header.js';
export { FIRST_EPOCH, foundingOf, isIdentityKeyOf, keysAfter, LogKeys, sameSpan, spanOf, type KeySpan } from './log-keys.js';
export { sealBlock, type BlockContent, type ChainLink, type SealedBlock } from './seal.js';
export type { BlockExpectation, BlockHeader, StoredBlock } from './types.js';
export {
  parseBlock,
  verifyBlock,
  verifyBlockUnsigned,
  verifySignature,
  type ChainTools,
  type ParsedBlock,
} from './verify.js';
