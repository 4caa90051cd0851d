export type { Survival } from './file-content.js';
export { SimFileSystem, type SimFileSystemOptions } from './file-system.js';
export type { FileSystemOperation, PlannedFailure } from './file-system-faults.js';
export { SimKeyValueStores } from './key-value-stores.js';
export { SimNetwork, type SimNetworkOptions } from './network.js';
export { SeededRandom } from './random.js';
export { SimRpcNetwork, type RpcHost, type SimRpcNetworkOptions } from './rpc-network.js';
export { SimClock, SimTime, SimTimers } from './time.js';
