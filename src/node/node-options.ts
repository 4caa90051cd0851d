import type { OwnCredentials } from '../identity/index.js';
import type {
  Clock,
  FileSystem,
  Hasher,
  KeyValueStores,
  Logger,
  Network,
  Random,
  SignatureVerifier,
  Timers,
} from '../ports/index.js';
import type { RenewedCertificate, RpcTransport } from '../transport/index.js';

/** One small file of the node's data folder, replaced atomically and durably. */
export interface SmallFile {
  /** Undefined where there is none yet. */
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
}

/** What a node needs of the world. */
export interface NodeWorld {
  readonly fileSystem: FileSystem;
  readonly keyValueStores: KeyValueStores;
  readonly network: Network;
  readonly transport: RpcTransport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

export interface NodeOptions {
  /** The node's leaf and its key, expired or not: it is renewed while the node runs. */
  readonly own: OwnCredentials;
  /** Keeps a renewed certificate durably, all at once. By default it is kept in memory only. */
  readonly keepRenewed?: (renewed: RenewedCertificate) => Promise<void>;
  /** `host:port` of the coordinator's enrolment listener: where an expired certificate is renewed. */
  readonly enrolmentEndpoints?: readonly string[];
  /** For people. */
  readonly name: string;
  /** `host:port` of the coordinator's home listener, in the order to try. */
  readonly homeEndpoints: readonly string[];
  /** Where the data port listens; port 0 for any free one. */
  readonly host: string;
  readonly port: number;
  /** `host:port` that clients are told; by default the listening one. */
  readonly endpoints?: readonly string[];
  /** What fails together with this node (a machine, a house); nodes of one domain are not counted as independent. */
  readonly failureDomain: string;
  readonly softwareVersion: string;
  /** Absolute path of the chunk store's folder. */
  readonly storePath: string;
  /** Bytes of chunks that the owner offers. */
  readonly capacityBytes: number;
  /** What stays free on the file system; by default LIMITS.storeReserveBytes. */
  readonly reserveBytes?: number;
  /** Where copies of the coordinator's log are kept, and which disk that is (empty: not known). By default none are kept. */
  readonly witness?: { readonly path: string; readonly diskId: string };
  /** Where what the coordinator said is kept, so that a node serves while the coordinator is away. */
  readonly coordinatorFile: SmallFile;
}
