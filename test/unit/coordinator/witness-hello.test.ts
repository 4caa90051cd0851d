import { expect, it } from 'vitest';
import { LIMITS, type NodeId } from '../../../src/base/index.js';
import { WitnessService } from '../../../src/coordinator/witnesses/witness-service.js';
import type { AuthenticatedCall, KeepRequest } from '../../../src/transport/index.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { SimTime, SimTimers } from '../../simulation/ports/index.js';
import { originOf } from '../../support/events.js';

const nobody = { attend: () => Promise.resolve(), heard: () => undefined };

const NODE = {
  role: 'node',
  memberId: originOf(1),
  nodeId: 'a'.repeat(16) as NodeId,
  fingerprint: '',
  publicKey: new Uint8Array(),
  publicKeyHash: new Uint8Array(),
  notBeforeMs: 0,
  notAfterMs: 0,
} as const;

/** A stream that is open and says nothing. */
const silence: AsyncIterable<KeepRequest> = {
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
};

it('a stream for copies that says nothing is ended, and streams beyond the limit are refused before they say anything', async () => {
  const time = new SimTime();
  const service = new WitnessService({ origin: originOf(1), host: nobody, timers: new SimTimers(time), logger: silentLogger });
  const call: AuthenticatedCall = { caller: NODE, requestId: '', remote: '', signal: new AbortController().signal };
  const open = () =>
    service
      .keep(silence, call)
      .next()
      .then(
        () => 'answered',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );
  const streams = Array.from({ length: LIMITS.witnessStreams }, open);
  expect(await open()).toBe('LIMIT_EXCEEDED');
  await time.advance(LIMITS.witnessHelloMs);
  expect(new Set(await Promise.all(streams))).toEqual(new Set(['REQUEST_INVALID']));
  const later = open();
  await time.advance(LIMITS.witnessHelloMs);
  expect(await later).toBe('REQUEST_INVALID');
});
