import { describe } from 'vitest';
import { SystemClock, SystemRandom, SystemTimers } from '../../src/runtime/index.js';
import { createGrpcTransport, createLoopbackTransport } from '../../src/transport/index.js';
import { peerRpcRules } from './peer-rpc.js';

const world = { clock: new SystemClock(), random: new SystemRandom(), timers: new SystemTimers() };

describe('calls between members by gRPC', () => {
  peerRpcRules(() => createGrpcTransport(world));
});
describe('calls between members in memory', () => {
  peerRpcRules(() => createLoopbackTransport(world));
});
