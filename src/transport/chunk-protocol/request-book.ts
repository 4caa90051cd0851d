import { type CollectiveError, LIMITS } from '../../base/index.js';
import { violation } from './messages.js';
import { ServerRequest } from './server-request.js';

/** The requests of one connection that a server works on. */
export class RequestBook {
  readonly #requests = new Map<number, ServerRequest>();
  readonly #onOver: () => void;

  /** `onOver` is called whenever a request is over. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  get size(): number {
    return this.#requests.size;
  }

  /** Whether some request still waits for its data. */
  get awaitsData(): boolean {
    for (const request of this.#requests.values()) if (request.awaitsData) return true;
    return false;
  }

  /** Error: PROTOCOL_ERROR for a number in use, or too many at once. */
  begin(number: number, dataBytes: number): ServerRequest {
    if (this.#requests.has(number)) throw violation('The number of a request in flight was used again.');
    if (this.#requests.size >= LIMITS.requestsInFlightPerConnection) throw violation('Too many requests are in flight.');
    const request = new ServerRequest(dataBytes);
    this.#requests.set(number, request);
    return request;
  }

  /** Error: PROTOCOL_ERROR for data that was not announced. */
  data(number: number, bytes: Uint8Array): void {
    const request = this.#requests.get(number);
    if (request === undefined) throw violation('Data arrived that no request announced.');
    request.data(bytes);
    this.#forgetIfOver(number, request);
  }

  /** A request that is not there any more was answered already. */
  cancel(number: number, reason: CollectiveError): void {
    const request = this.#requests.get(number);
    if (request === undefined) return;
    request.cancel(reason);
    this.#forgetIfOver(number, request);
  }

  answered(number: number, request: ServerRequest): void {
    request.answered();
    this.#forgetIfOver(number, request);
  }

  cancelAll(reason: CollectiveError): void {
    for (const request of this.#requests.values()) request.cancel(reason);
  }

  #forgetIfOver(number: number, request: ServerRequest): void {
    if (!request.over) return;
    this.#requests.delete(number);
    this.#onOver();
  }
}
