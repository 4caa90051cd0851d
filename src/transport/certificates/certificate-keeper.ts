import { CollectiveError, toCollectiveError } from '../../base/index.js';
import { isIssuedBy, leafValidity, type LiveCredentials, renewalDueMs } from '../../identity/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { RpcChannel, RpcTransport } from '../rpc/channel.js';
import {
  type KeyChoice,
  renewCertificate,
  type RenewalPorts,
  type RenewedCertificate,
  renewLapsedCertificate,
} from './renew-certificate.js';

export interface CertificateKeeperOptions {
  readonly own: LiveCredentials;
  /** To the home listener, by these credentials. Not closed by the keeper. */
  readonly channel: RpcChannel;
  /** `host:port` of the enrolment listener; none: an expired certificate cannot be renewed. */
  readonly enrolmentEndpoints: readonly string[];
  /** Asked at each renewal. */
  readonly key: () => KeyChoice;
  /** Keeps what was given, durably and all at once. Its failure is only told: what is in memory is used all the same. */
  readonly save: (renewed: RenewedCertificate) => Promise<void>;
  /** A renewal failed; the certificate is good until then, in milliseconds since 1970. */
  readonly onFailed?: (error: CollectiveError, untilMs: number) => void;
}

export interface CertificateKeeperWorld extends RenewalPorts {
  readonly transport: RpcTransport;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** A machine that slept, or whose clock was set, is noticed after this long. */
const LOOK_AT_LEAST_EVERY_MS = 3600_000;
const RETRIES_PER_LIFE = 60;
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 5 * 60_000;
/** So that all who joined on one day do not come at one moment. */
const JITTER_SHARE = 0.05;

/** Keeps the certificate of a node or client good for as long as it runs. */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #world: CertificateKeeperWorld;
  readonly #jitter: number;
  #enrolmentEndpoints: readonly string[];
  #renewing: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #triedMs = Number.NEGATIVE_INFINITY;
  #lastFailure: CollectiveError | undefined;

  constructor(options: CertificateKeeperOptions, world: CertificateKeeperWorld) {
    this.#options = options;
    this.#world = world;
    this.#enrolmentEndpoints = options.enrolmentEndpoints;
    this.#jitter = world.random.fraction() * JITTER_SHARE;
  }

  /** Whether two thirds of the life of the certificate are over, or its CA was replaced. */
  get due(): boolean {
    return this.#dueMs() <= this.#world.clock.nowMs();
  }

  get expired(): boolean {
    return this.#validity().notAfterMs < this.#world.clock.nowMs();
  }

  /** Why nothing can be done with it: it has expired, and could not be renewed. */
  get hopeless(): CollectiveError | undefined {
    return this.expired ? this.#lastFailure : undefined;
  }

  /** Renews it now, whoever else is at it too. Errors: those of the renewal. */
  renew(signal: AbortSignal): Promise<void> {
    this.#renewing ??= this.#renew(signal)
      .then(
        () => {
          this.#lastFailure = undefined;
        },
        (error: unknown) => {
          this.#lastFailure = toCollectiveError(error);
          throw this.#lastFailure;
        },
      )
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  /**
   * Renews it because of what another end said or showed; true: it is another one now, and trying again may help. At most once
   * in a while, since it may not be the certificate that is wrong.
   */
  async refresh(signal: AbortSignal): Promise<boolean> {
    const { clock, logger } = this.#world;
    if (this.#renewing === undefined && clock.monotonicMs() - this.#triedMs < this.#retryMs()) return false;
    try {
      await this.renew(signal);
      return true;
    } catch (error) {
      const failure = toCollectiveError(error);
      logger.warn('the certificate could not be renewed', { error: failure });
      this.#options.onFailed?.(failure, this.#validity().notAfterMs);
      return false;
    }
  }

  /** Something has changed, such as the CA: looks whether there is something to do. */
  look(): void {
    this.#wake();
  }

  /** Renews it whenever it is due, until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#world;
    let failures = 0;
    while (!signal.aborted) {
      const waitMs = Math.max(0, this.#dueMs() - clock.nowMs());
      if (waitMs > 0) {
        await this.#sleep(Math.min(waitMs, LOOK_AT_LEAST_EVERY_MS), signal);
        continue;
      }
      try {
        await this.renew(signal);
        failures = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        const error = toCollectiveError(thrown);
        const until = new Date(this.#validity().notAfterMs).toISOString();
        logger.warn('the certificate could not be renewed; trying again', { until, error });
        const delayMs = Math.min(this.#retryMs(), RETRY_MIN_MS * 2 ** Math.min(failures, 20));
        failures += 1;
        await this.#sleep(error.code === 'CERTIFICATE_REVOKED' ? RETRY_MAX_MS : delayMs, signal);
      }
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { own, save } = this.#options;
    const { logger, clock } = this.#world;
    this.#triedMs = clock.monotonicMs();
    const renewed = await this.#ask(signal);
    try {
      await save(renewed);
    } catch (error) {
      logger.error('a renewed certificate could not be kept; it is used until this process ends', {
        error: toCollectiveError(error),
      });
    }
    if (renewed.enrolmentEndpoints.length > 0) this.#enrolmentEndpoints = renewed.enrolmentEndpoints;
    own.replace(renewed.credentials);
    logger.info('certificate renewed', { until: new Date(this.#validity().notAfterMs).toISOString() });
  }

  /** By showing the certificate; by proof of its key where that is not accepted, or not trusted to the other end. */
  async #ask(signal: AbortSignal): Promise<RenewedCertificate> {
    const { own, channel } = this.#options;
    const key = this.#options.key();
    let failure: CollectiveError | undefined;
    if (!this.expired) {
      try {
        return await renewCertificate({ own, channel, key, signal }, this.#world);
      } catch (error) {
        failure = toCollectiveError(error);
        if (signal.aborted || failure.code === 'CERTIFICATE_REVOKED' || failure.code === 'LIMIT_EXCEEDED') throw failure;
      }
    }
    const endpoints = this.#enrolmentEndpoints;
    if (endpoints.length === 0) throw failure ?? noWayBack();
    try {
      return await renewLapsedCertificate({ own, endpoints, key, signal }, this.#world);
    } catch (error) {
      // Where nothing answers at either door, the first one tells more.
      const second = toCollectiveError(error);
      throw failure !== undefined && second.code === 'COORDINATOR_UNREACHABLE' ? failure : second;
    }
  }

  #validity(): { readonly notBeforeMs: number; readonly notAfterMs: number } {
    return leafValidity(this.#options.own.leaf) ?? { notBeforeMs: 0, notAfterMs: 0 };
  }

  #dueMs(): number {
    const { own } = this.#options;
    if (!isIssuedBy(own.leaf, own.ca)) return 0;
    const validity = this.#validity();
    return renewalDueMs(validity) + this.#jitter * (validity.notAfterMs - renewalDueMs(validity));
  }

  #retryMs(): number {
    const { notBeforeMs, notAfterMs } = this.#validity();
    return Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, (notAfterMs - notBeforeMs) / RETRIES_PER_LIFE));
  }

  /** Until then, until it is woken, or until `signal` aborts. */
  async #sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    const waking = new AbortController();
    this.#wake = () => waking.abort();
    try {
      await this.#world.timers.sleep(durationMs, AbortSignal.any([signal, waking.signal]));
    } catch (error) {
      if (!waking.signal.aborted && !signal.aborted) throw error;
    }
  }
}

const noWayBack = (): CollectiveError =>
  new CollectiveError('CERTIFICATE_INVALID', 'The certificate of this end has expired, and no address to renew it at is known.', {
    next: 'Compare the clocks; if it has really expired, join again with a new invite.',
  });
