import { describe } from 'vitest';
import { SystemClock, SystemRandom, SystemTimers } from '../../src/runtime/index.js';
import { createGrpcTransport, createLoopbackTransport } from '../../src/transport/index.js';
import { rpcRules } from './rpc.js';

const world = { clock: new SystemClock(), random: new SystemRandom(), timers: new SystemTimers() };

describe('remote calls by gRPC', () => {
  rpcRules(() => createGrpcTransport(world));
});
describe('remote calls in memory', () => {
  rpcRules(() => createLoopbackTransport(world));
});
