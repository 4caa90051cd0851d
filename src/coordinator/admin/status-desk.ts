import { isNodeId, type NodeId, ROOT_FILE_ID, toHex } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import { type CopiesPolicy, countsAsHolder, type MemberRoom, type PolicyPlace, policyPlaces } from '../../domain/index.js';
import { keyIdOf } from '../../identity/index.js';
import type { Clock, Hasher } from '../../ports/index.js';
import type {
  CertificateRow,
  NodeRow,
  HolderUsageRow,
  PurgedCounts,
  TotalsRow,
  TreeCounts,
  ViewHost,
  Views,
} from '../../projections/index.js';
import type { Finding, GetStatusResponse, NodeInfo, StorageInfo, UsageInfo } from '../../transport/index.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { SharedSpace } from '../foreign/shared-space.js';
import type { AuditReport } from '../log/background-audit.js';
import type { MemberMaterial } from '../member/member-files.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { WitnessOffice } from '../witnesses/witness-office.js';
import { findingsOf, type ForfeitedCopies, healthOf } from './findings.js';
import type { ExportState } from './export-findings.js';

/** What only the process itself knows. */
export interface ProcessFacts {
  readonly pid: number;
  readonly residentBytes: number;
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
}

/** What an operator has put somewhere safe. */
export interface ExportedKeys {
  readonly logKeyId: string;
  readonly caSha256: string;
}

export interface StatusDeskOptions {
  readonly material: MemberMaterial;
  readonly log: EventLog;
  readonly views: ViewHost;
  readonly registry: NodeRegistry;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly processFacts: () => ProcessFacts;
  readonly logBytes: () => Promise<number>;
  readonly placement: Pick<PlacementOffice, 'room'>;
  readonly retentionMs: number;
  /** Files with a chunk that has too few copies; undefined: not counted yet. */
  readonly underProtectedFiles: () => number | undefined;
  /** Files with enough copies on record, too few of them at nodes that are here. */
  readonly filesOutOfReach: () => number;
  /** Files with a chunk of which nobody keeps a copy any more. */
  readonly lostFiles: () => number;
  readonly softwareVersion: string;
  readonly policy: CopiesPolicy;
  readonly certificateLifeMs: number;
  /** What went wrong at this start and was mended, in sentences. */
  readonly startNotices: readonly string[];
  readonly witnesses: Pick<WitnessOffice, 'report'>;
  readonly exportedKeys?: () => Promise<ExportedKeys | undefined>;
  readonly audit: () => AuditReport;
  /** What there is to say of other members. */
  readonly federation: { findings(): Promise<readonly Finding[]>; readonly space: SharedSpace };
}

interface OnRecord {
  readonly nodes: readonly {
    readonly nodeId: NodeId;
    readonly row: NodeRow;
    readonly usage: HolderUsageRow;
    readonly certificate: CertificateRow | undefined;
    readonly revoked: boolean;
  }[];
  readonly coordinatorCertificate: CertificateRow | undefined;
  readonly forfeited: readonly ForfeitedCopies[];
  readonly totals: TotalsRow;
  readonly purged: PurgedCounts;
  readonly tree: TreeCounts | undefined;
  /** The one for what no folder says anything about first. */
  readonly policies: readonly PolicyPlace[];
}

/** Gathers how everything is. */
export class StatusDesk {
  readonly #options: StatusDeskOptions;
  readonly #startedMs: number;

  constructor(options: StatusDeskOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
  }

  async status(): Promise<GetStatusResponse> {
    const { material, log, views, processFacts, softwareVersion, clock, federation, startNotices } = this.#options;
    const record = await this.#onRecord();
    const nodes = this.#nodeInfos(record);
    const members = await federation.space.members();
    const storage = await this.#storage(record, members);
    const usage = { ...usageInfo(record, nodes), storage, shared: await federation.space.usage(members) };
    const audit = this.#options.audit();
    const witnesses = await this.#options.witnesses.report();
    const findings = findingsOf({
      nodes,
      usage,
      forfeited: record.forfeited,
      filesOutOfReach: this.#options.filesOutOfReach(),
      lostFiles: this.#options.lostFiles(),
      policies: record.policies,
      members,
      nowMs: clock.nowMs(),
      startNotices,
      witnesses,
      exported: await this.#exported(),
      viewsDoubtful: views.doubtful(),
      audit: audit.findings,
      federation: [...(await federation.findings()), ...(await federation.space.shortfalls())],
      coordinatorCertificateExpiresMs: record.coordinatorCertificate?.notAfterMs,
      certificateLifeMs: this.#options.certificateLifeMs,
    });
    const { head } = log;
    const facts = processFacts();
    return {
      timeMs: clock.nowMs(),
      memberId: material.memberId,
      memberName: material.name,
      softwareVersion,
      startedMs: this.#startedMs,
      health: healthOf(findings),
      findings: [...findings],
      log: {
        origin: head.origin,
        epoch: head.epoch,
        headSequence: head.sequence,
        disks: witnesses.disks,
        witnesses: witnesses.witnesses.filter(({ state }) => state !== 'gone').length,
        witnessesRequired: witnesses.required,
        bytes: await this.#options.logBytes(),
        views: views
          .states()
          .map(({ name, projectionVersion, stateHash, rows }) => ({ name, projectionVersion, stateHash, rows })),
      },
      nodes,
      usage,
      audit: {
        phase: audit.phase,
        events: audit.events,
        rows: audit.rows,
        nextMs: audit.nextMs,
        lastFinishedMs: audit.last?.finishedMs ?? 0,
        lastDurationMs: audit.last?.durationMs ?? 0,
        lastHeadSequence: audit.last?.headSequence ?? 0,
        lastEvents: audit.last?.events ?? 0,
        lastRows: audit.last?.rows ?? 0,
      },
      process: { ...facts, viewCacheBytes: views.cache.usedBytes, viewCacheLimitBytes: views.cache.limitBytes },
    };
  }

  async #exported(): Promise<ExportState> {
    const { exportedKeys, log, views, hasher } = this.#options;
    if (exportedKeys === undefined) return 'unknown';
    const exported = await exportedKeys();
    if (exported === undefined) return 'never';
    const ca = await views.run(({ members }) => members.owner()?.caCertificate ?? new Uint8Array());
    const logKeyId = toHex(keyIdOf(log.publicKey, hasher));
    return exported.logKeyId === logKeyId && exported.caSha256 === toHex(hasher.sha256(ca)) ? 'current' : 'outdated';
  }

  async nodes(): Promise<NodeInfo[]> {
    return this.#nodeInfos(await this.#onRecord());
  }

  async #storage({ tree, purged, policies }: OnRecord, members: readonly MemberRoom[]): Promise<StorageInfo> {
    const { retentionMs, underProtectedFiles } = this.#options;
    const room = await this.#room(policies[0], members);
    return {
      liveStoredBytes: tree?.storedBytes ?? 0,
      keptVersions: tree?.keptVersions ?? 0,
      keptBytes: tree?.keptBytes ?? 0,
      keptStoredBytes: tree?.keptStoredBytes ?? 0,
      deletedEntries: tree?.deletedEntries ?? 0,
      deletedBytes: tree?.deletedBytes ?? 0,
      deletedStoredBytes: tree?.deletedStoredBytes ?? 0,
      purgedBytes: purged.bytes,
      purgedStoredBytes: purged.storedBytes,
      retentionMs,
      roomBytes: room.bytes,
      roomCopies: room.copies,
      underProtectedFiles: underProtectedFiles(),
    };
  }

  /** In the copies wanted, or in the most of those that are enough for now. */
  async #room(
    policy: PolicyPlace | undefined,
    members: readonly MemberRoom[],
  ): Promise<{ readonly bytes: number; readonly copies: number }> {
    const { placement } = this.#options;
    const { copies: wanted, minimumCopies, spread } = policy ?? { copies: 1, minimumCopies: 1, spread: 'nodes' };
    const here = members.filter((member) => member.reach === 'here' && member.leftBytes > 0);
    const others = spread === 'members' ? here.map(({ leftBytes }) => ({ freeBytes: leftBytes })) : [];
    for (let copies = wanted; copies > minimumCopies; copies -= 1) {
      const bytes = await placement.room(copies, others);
      if (bytes > 0) return { bytes, copies };
    }
    return { bytes: await placement.room(minimumCopies, others), copies: minimumCopies };
  }

  #onRecord(): Promise<OnRecord> {
    return this.#options.views.run((views) => ({
      nodes: views.nodes.all().map(([nodeId, row]) => ({
        nodeId,
        row,
        usage: views.usage.node(nodeId),
        certificate: views.certificates.of('node', nodeId)[0],
        revoked: views.certificates.revocation('node', nodeId) !== undefined,
      })),
      coordinatorCertificate: views.certificates.of('coordinator', '')[0],
      forfeited: forfeitedCopies(views),
      totals: views.usage.totals(),
      purged: views.namespace.purged(),
      tree: views.namespace.file(ROOT_FILE_ID)?.below,
      policies: policyPlaces(this.#options.policy, views),
    }));
  }

  #nodeInfos(record: OnRecord): NodeInfo[] {
    return [...record.nodes].sort(byName).map(({ nodeId, row, usage, certificate, revoked }): NodeInfo => {
      const { registry } = this.#options;
      // What a node says counts no more once it is revoked.
      const telemetry = revoked ? undefined : registry.telemetry(nodeId);
      return {
        nodeId,
        name: row.name,
        state: revoked ? 'revoked' : this.#stateOf(nodeId, row),
        storeState: telemetry?.storeState ?? '',
        storeReason: telemetry?.storeReason ?? '',
        endpoints: [...row.endpoints],
        capacityBytes: row.capacityBytes,
        usedBytes: telemetry?.usedBytes ?? usage.bytes,
        freeBytes: telemetry?.freeBytes ?? 0,
        chunks: telemetry?.chunks ?? usage.chunks,
        lastSeenMs: registry.lastSeenMs(nodeId) ?? row.lastSeenMs,
        damagedCopies: revoked ? 0 : usage.lostCopies,
        softwareVersion: telemetry?.softwareVersion ?? '',
        certificateExpiresMs: certificate?.notAfterMs ?? 0,
        failureDomain: row.failureDomain,
      };
    });
  }

  /** unreachable: it was here once and is not; never-seen: it has joined and was never started. */
  #stateOf(nodeId: NodeId, row: NodeRow): string {
    const presence = this.#options.registry.presence(nodeId);
    if (presence !== 'offline') return presence;
    return row.endpoints.length === 0 ? 'never-seen' : 'unreachable';
  }
}

type NodeOnRecord = OnRecord['nodes'][number];

const byName = (left: NodeOnRecord, right: NodeOnRecord): number =>
  left.row.name === right.row.name ? (left.nodeId < right.nodeId ? -1 : 1) : left.row.name < right.row.name ? -1 : 1;

/** Of nodes that are gone for good. */
function forfeitedCopies(views: Views): readonly ForfeitedCopies[] {
  return views.certificates.subjects('node').flatMap(({ subjectId, newest }) => {
    if (!isNodeId(subjectId) || countsAsHolder(subjectId, views)) return [];
    const copies = views.usage.node(subjectId).forfeitedCopies;
    const row = views.nodes.get(subjectId);
    const how = row?.decommissioned === true ? 'removed' : 'revoked';
    return copies === 0 ? [] : [{ node: row?.name ?? newest?.name ?? subjectId, how, copies }];
  });
}

function usageInfo({ totals, tree }: OnRecord, nodes: readonly NodeInfo[]): Omit<UsageInfo, 'storage'> {
  return {
    files: tree?.files ?? 0,
    directories: tree?.directories ?? 0,
    fileBytes: tree?.bytes ?? 0,
    chunks: totals.chunks,
    chunkBytes: totals.chunkBytes,
    copies: totals.copies,
    underProtectedChunks: totals.underProtectedChunks,
    damagedCopies: totals.lostCopies,
    // Nodes may claim what they like; the sum has to stay a number that can be sent.
    capacityBytes: nodes.reduce((sum, node) => Math.min(sum + node.capacityBytes, Number.MAX_SAFE_INTEGER), 0),
    storedBytes: totals.copyBytes,
  };
}
