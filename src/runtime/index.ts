export { SystemClock } from './clock.js';
export { NodeHasher } from './hasher.js';
export { LevelKeyValueStores } from './level-key-value-stores.js';
export { NodeFileSystem, type NodeFileSystemOptions } from './node-file-system.js';
export { createLogger, type LoggerOptions, type LogLevel } from './pino-logger.js';
export { SystemRandom } from './random.js';
export { createEd25519Signer, NodeSignatureVerifier } from './signatures.js';
export { SystemTimers } from './timers.js';
