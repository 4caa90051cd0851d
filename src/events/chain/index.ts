export { entryBytes, SALT_BYTES, writeEntry } from './body.js';
export { ByteCursor } from './byte-cursor.js';
export { BLOCK_MAGIC, BODY_OFFSET, HEADER_BYTES, NO_HASH, originBytes } from './header.js';
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
