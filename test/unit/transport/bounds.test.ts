import { describe, expect, it } from 'vitest';
import { type ClientId, CollectiveError } from '../../../src/base/index.js';
import { CallRegistry } from '../../../src/transport/rpc/call-registry.js';
import { RefusalLog } from '../../../src/transport/rpc/refusal-log.js';
import { originOf } from '../../support/events.js';
import { MemoryLogger } from '../../support/rpc.js';

const call = (requestId: string) => ({ caller: undefined, path: '/x', requestId });
const ignore = (): void => undefined;

describe('what strangers can make a listener do is bounded', () => {
  it('calls beyond the limit are UNAVAILABLE until others end', () => {
    const registry = new CallRegistry(2);
    const remove = registry.add(call('1'), ignore);
    registry.add(call('2'), ignore);
    expect(() => registry.add(call('3'), ignore)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    remove();
    registry.add(call('4'), ignore);
    expect(registry.size).toBe(2);
  });

  it('calls of one caller beyond its share are UNAVAILABLE until others of it end, and others are served', () => {
    const registry = new CallRegistry(100, 2);
    const certificate = {
      fingerprint: '',
      publicKey: new Uint8Array(),
      publicKeyHash: new Uint8Array(),
      notBeforeMs: 0,
      notAfterMs: 0,
    };
    const of = (clientId: string, requestId: string) => ({
      ...call(requestId),
      caller: { role: 'client', memberId: originOf(1), clientId: clientId as ClientId, ...certificate } as const,
    });
    const remove = registry.add(of('a', '1'), ignore);
    registry.add(of('a', '2'), ignore);
    expect(() => registry.add(of('a', '3'), ignore)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    registry.add(of('b', '4'), ignore);
    remove();
    remove();
    registry.add(of('a', '5'), ignore);
    expect(() => registry.add(of('a', '6'), ignore)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    expect(registry.size).toBe(3);
  });

  it('who closes a connection before it is made is no warning', () => {
    const logger = new MemoryLogger();
    const log = new RefusalLog(logger, { nowMs: () => 0, monotonicMs: () => 0 });
    log.add('10.0.0.1:1', new CollectiveError('PROTOCOL_ERROR', 'It made no handshake.', { details: { reason: 'ECONNRESET' } }));
    log.add('10.0.0.1:1', new CollectiveError('PROTOCOL_ERROR', 'It made no handshake.', { details: { reason: 'ERR_SSL' } }));
    expect(logger.lines.map(({ level }) => level)).toEqual(['info', 'warn']);
  });

  it('refused connections take a bounded number of log lines a minute, and the rest are counted', () => {
    let nowMs = 0;
    const logger = new MemoryLogger();
    const log = new RefusalLog(logger, { nowMs: () => nowMs, monotonicMs: () => nowMs });
    const refusal = new CollectiveError('CERTIFICATE_INVALID', 'It comes from another CA.');
    for (let count = 0; count < 1000; count += 1) log.add('10.0.0.1:1', refusal);
    expect(logger.lines).toHaveLength(60);
    nowMs = 60_000;
    log.add('10.0.0.1:1', refusal);
    expect(logger.lines).toHaveLength(62);
    expect(logger.lines[60]).toMatchObject({ message: 'more connections were refused', fields: { count: 940 } });
  });
});
