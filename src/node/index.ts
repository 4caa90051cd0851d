export { joinNode, type JoinedNode, type JoinOptions } from './join.js';
export { createNode, type StorageNode } from './node.js';
export type { NodeOptions, NodeWorld, SmallFile } from './node-options.js';
