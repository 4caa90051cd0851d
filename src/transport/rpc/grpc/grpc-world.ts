import type { Clock, Random, Timers } from '../../../ports/index.js';

/** What the gRPC adapter needs of the world besides the network, which grpc-js reaches by itself. */
export interface GrpcWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
}
