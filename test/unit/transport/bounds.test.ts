import { describe, expect, it } from 'vitest';
import { CollectiveError } from '../../../src/base/index.js';
import { CallRegistry } from '../../../src/transport/rpc/call-registry.js';
import { RefusalLog } from '../../../src/transport/rpc/refusal-log.js';
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
