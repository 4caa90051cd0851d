export { Machine } from './machine.js';
export { Network } from './network.js';
