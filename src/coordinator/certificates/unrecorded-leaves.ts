import { equalBytes, LIMITS, type NodeId, toCollectiveError } from '../../base/index.js';
import { decideOnRecord } from '../../domain/index.js';
import type { CertificateIssued } from '../../events/index.js';
import type { PeerIdentity } from '../../identity/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { AppendGate } from '../commands/append-gate.js';
import type { Submits } from '../commands/command-loop.js';
import { Doorbell } from '../doorbell.js';
import { certificateOf } from '../member/certificate-issued.js';

export interface UnrecordedLeavesOptions {
  readonly commands: Submits;
  readonly gate: Pick<AppendGate, 'refusal' | 'onChange'>;
  readonly views: ViewHost;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** After a failure that does not pass with the gate. */
const RETRY_MS = 5_000;
const PER_BLOCK = 64;

/**
 * Certificates that are in use before the log takes them, since it may wait for witnesses who cannot dial in without them. They
 * are put on record, in their order, at once when it does, and before anything that rests on one of them.
 */
export class UnrecordedLeaves {
  readonly #options: UnrecordedLeavesOptions;
  readonly #waiting: CertificateIssued[] = [];
  /** Nodes that have shown a certificate since the start, and who waits for others to. */
  readonly #returned = new Set<NodeId>();
  readonly #expecting = new Set<{ readonly nodeId: NodeId; readonly bell: Doorbell }>();
  readonly #untilReturnedMs: number;
  readonly #ended = new AbortController();
  readonly #added = new Doorbell();
  /** The log takes events again. */
  readonly #opened = new Doorbell();

  constructor(options: UnrecordedLeavesOptions) {
    this.#options = options;
    this.#untilReturnedMs = options.clock.monotonicMs() + LIMITS.nodesReturnMs;
    options.gate.onChange(() => {
      if (options.gate.refusal === undefined) this.#opened.ring();
    });
  }

  add(...certificates: readonly CertificateIssued[]): void {
    for (const certificate of certificates) {
      if (this.#waiting.some((each) => isSame(each, certificate))) continue;
      if (this.#waiting.length >= LIMITS.unrecordedLeaves) {
        const dropped = this.#waiting.shift();
        this.#options.logger.error('a certificate is in use and will not be on record: too many wait for the log', {
          role: dropped?.role,
          subjectId: dropped?.subjectId,
        });
      }
      this.#waiting.push(certificate);
    }
    this.#added.ring();
  }

  /** All that wait, the oldest first. */
  get waiting(): readonly CertificateIssued[] {
    return this.#waiting;
  }

  /** Those of one subject, and `shown` where that is none of them: the oldest first. */
  of(role: CertificateIssued['role'], subjectId: string, shown?: CertificateIssued): readonly CertificateIssued[] {
    const known = this.#waiting.filter((each) => each.role === role && each.subjectId === subjectId);
    if (shown === undefined || known.some((each) => isSame(each, shown))) return known;
    return [...known, shown].sort((left, right) => left.notBeforeMs - right.notBeforeMs);
  }

  /**
   * A node has shown this certificate, which was verified. One that was handed out before a crash, or whose record was lost with
   * the log's end, goes on record now.
   */
  async seen(caller: PeerIdentity): Promise<void> {
    if (caller.role !== 'node') return;
    const { nodeId } = caller;
    const certificate = await this.#options.views.run(({ certificates }) =>
      certificateOf(caller, certificates.of('node', nodeId)[0]?.name ?? ''),
    );
    if ((await this.#unrecorded([certificate])).length > 0) this.add(certificate);
    this.#returned.add(nodeId);
    for (const each of this.#expecting) if (each.nodeId === nodeId) each.bell.ring();
  }

  /**
   * Waits until this node has shown its certificate since the start, or has had the time to: what it signed before a crash may be by
   * one that is not on record.
   */
  async returned(nodeId: NodeId): Promise<void> {
    const { clock, timers } = this.#options;
    const leftMs = this.#untilReturnedMs - clock.monotonicMs();
    if (leftMs <= 0 || this.#returned.has(nodeId)) return;
    const each = { nodeId, bell: new Doorbell() };
    this.#expecting.add(each);
    await each.bell.wait(this.#ended.signal, { timers, timeoutMs: leftMs });
    this.#expecting.delete(each);
  }

  /** Afterwards everything that a node signs with was decided into the log. Errors: those of the log. */
  async settle(nodeId: NodeId): Promise<void> {
    const waiting = this.of('node', nodeId);
    if ((await this.#unrecorded(waiting)).length > 0) await this.record(...waiting);
  }

  /** Errors: those of the log. */
  async record(...leaves: readonly CertificateIssued[]): Promise<void> {
    await this.#options.commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (views) => decideOnRecord(leaves, views),
      answer: () => undefined,
    });
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#ended.abort(), { once: true });
    while (!signal.aborted) {
      this.#added.answer();
      const next = this.#waiting.slice(0, PER_BLOCK);
      if (next.length === 0) {
        await this.#added.wait(signal);
        continue;
      }
      this.#opened.answer();
      try {
        await this.record(...next);
        for (const recorded of next) {
          const index = this.#waiting.indexOf(recorded);
          if (index >= 0) this.#waiting.splice(index, 1);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error('certificates could not be put on record yet', { error: toCollectiveError(error) });
        await this.#opened.wait(signal, { timers: this.#options.timers, timeoutMs: RETRY_MS });
      }
    }
  }

  #unrecorded(leaves: readonly CertificateIssued[]): Promise<readonly unknown[]> {
    return this.#options.views.run((all) => {
      const decided = decideOnRecord(leaves, all);
      return decided.ok ? decided.value : [];
    });
  }
}

const isSame = (left: CertificateIssued, right: CertificateIssued): boolean => equalBytes(left.fingerprint, right.fingerprint);
