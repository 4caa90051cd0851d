export type { Clock } from './clock.js';
export type { Hasher, Signer, SignatureVerifier } from './crypto.js';
export {
  FileSystemError,
  isFileSystemError,
  type FileHandle,
  type FileStat,
  type FileSystem,
  type OpenMode,
} from './file-system.js';
export type { KeyRange, KeyValueOperation, KeyValueStore, KeyValueStores } from './key-value-store.js';
export type { LogFields, Logger } from './logger.js';
export type {
  ByteStream,
  ByteStreamHandlers,
  Listener,
  ListenOptions,
  Network,
  PeerCertificate,
  TlsCredentials,
} from './network.js';
export type { Random } from './random.js';
export type { Timers } from './timers.js';
