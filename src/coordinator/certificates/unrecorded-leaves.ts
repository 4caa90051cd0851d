import { LIMITS, ok, toCollectiveError } from '../../base/index.js';
import type { CertificateIssued } from '../../events/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { CommandLoop } from '../commands/command-loop.js';

export interface UnrecordedLeavesOptions {
  readonly commands: CommandLoop;
  readonly timers: Timers;
  readonly logger: Logger;
}

const RETRY_MS = 5_000;

/**
 * Certificates that are in use before the log takes them, since it may wait for witnesses who cannot dial in without them. They
 * are put on record, in their order, as soon as it does.
 */
export class UnrecordedLeaves {
  readonly #options: UnrecordedLeavesOptions;
  readonly #waiting: CertificateIssued[] = [];
  #wake: () => void = () => undefined;

  constructor(options: UnrecordedLeavesOptions) {
    this.#options = options;
  }

  add(certificate: CertificateIssued): void {
    if (this.#waiting.length >= LIMITS.unrecordedLeaves) {
      const dropped = this.#waiting.shift();
      this.#options.logger.error('a certificate is in use and will not be on record: too many wait for the log', {
        role: dropped?.role,
        subjectId: dropped?.subjectId,
      });
    }
    this.#waiting.push(certificate);
    this.#wake();
  }

  /** Errors: those of the log. */
  async record(certificate: CertificateIssued): Promise<void> {
    await this.#options.commands.submit({
      actor: 'coordinator',
      request: undefined,
      // It may stand there already, although nobody was told.
      decide: ({ certificates }) => ok(certificates.byFingerprint(certificate.fingerprint) === undefined ? [certificate] : []),
      answer: () => undefined,
    });
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const [next] = this.#waiting;
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      try {
        await this.record(next);
        if (this.#waiting[0] === next) this.#waiting.shift();
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error('a certificate could not be put on record yet', { error: toCollectiveError(error) });
        await this.#options.timers.sleep(RETRY_MS, signal).catch((stopped: unknown) => {
          if (!signal.aborted) throw stopped;
        });
      }
    }
  }
}
