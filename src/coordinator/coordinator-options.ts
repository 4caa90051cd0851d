import type { CollectiveError } from '../base/index.js';
import type { Clock, FileSystem, Hasher, KeyValueStores, Logger, Random, SignatureVerifier, Timers } from '../ports/index.js';
import type { RpcTransport } from '../transport/index.js';
import type { ExportedKeys, ProcessFacts } from './admin/status-desk.js';
import type { MemberFileStore, MemberMaterial } from './member/member-files.js';

export interface CoordinatorOptions {
  /** Absolute; locked by the caller for as long as the coordinator runs. */
  readonly directory: string;
  readonly material: MemberMaterial;
  /** Where keys and certificates that are made while it runs are kept. */
  readonly files: MemberFileStore;
  readonly home: { readonly host: string; readonly port: number };
  readonly enrolment: { readonly host: string; readonly port: number };
  /** For coordinators of other members; absent: it dials them, and they cannot dial it. */
  readonly peer?: { readonly host: string; readonly port: number };
  /** `host:port` that others are told to use. */
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
  readonly peerEndpoints?: readonly string[];
  /** Whom an admitted member has admitted: is admitted here too, or waits for a person's word. Default: admit. */
  readonly introductions?: 'admit' | 'ask';
  /** How large the copy of one other member's log may become. Default: LIMITS.memberLogBytes. */
  readonly memberLogBytes?: number;
  readonly softwareVersion: string;
  /** The disk of the directory (diskIdOf); empty: not known. Copies of the log on the same one are no copies if it fails. */
  readonly diskId?: string;
  /** Which keys were exported last, and so survive the directory: hex of the log key's id and of the CA's SHA-256. */
  readonly exportedKeys?: () => Promise<ExportedKeys | undefined>;
  /** An operator's word that the log in the directory is its latest state, where the witnesses cannot be asked. */
  readonly assertLatest?: boolean;
  /** The same word, for as long as the log ends here: where its newest epoch was started. */
  readonly assertedHead?: { readonly epoch: number; readonly sequence: number };
  readonly defaultCopies?: number;
  /** How many of those are enough for now, where there are not so many nodes. Default: all of them. */
  readonly minimumCopies?: number;
  readonly nodeUnreachableAfterMs?: number;
  /** Other members are made witnesses too, where no node on another disk keeps the log. Default: only by a person. */
  readonly membersAsWitnesses?: boolean;
  /** From one verification of log and views to the next. Default: LIMITS.auditIntervalMs. */
  readonly auditIntervalMs?: number;
  /** Of the certificates that it issues. Default: LIMITS.leafLifeMs. */
  readonly certificateLifeMs?: number;
  /** How long what was deleted or overwritten can be restored. Default: LIMITS.retentionMs. */
  readonly retentionMs?: number;
  readonly processFacts: () => ProcessFacts;
  readonly transport: RpcTransport;
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly stores: KeyValueStores;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
    readonly logger: Logger;
  };
}

export interface Coordinator {
  /** Resolves when every listener accepts. The ports that were bound. */
  start(
    signal: AbortSignal,
  ): Promise<{ readonly homePort: number; readonly enrolmentPort: number; readonly peerPort: number | undefined }>;
  /** Finishes what is under way, flushes, closes. */
  stop(): Promise<void>;
  /** Resolves with the reason when it cannot go on: a failed log or view. The process should stop it and end. */
  readonly failed: Promise<CollectiveError>;
}
