import { SystemClock, SystemRandom, SystemTimers } from '../../src/runtime/index.js';
import { createGrpcTransport, createLoopbackTransport } from '../../src/transport/index.js';
import { describeRpc } from './rpc.js';

const world = { clock: new SystemClock(), random: new SystemRandom(), timers: new SystemTimers() };

describeRpc('remote calls by gRPC', () => createGrpcTransport(world));
describeRpc('remote calls in memory', () => createLoopbackTransport(world));
