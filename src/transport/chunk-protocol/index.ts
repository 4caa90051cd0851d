export { ChunkConnection, type ChunkConnectionOptions, type TicketSlot } from './chunk-connection.js';
export { ChunkServer, type ChunkServerOptions } from './chunk-server.js';
export type { CallOptions } from './connection-core.js';
export type { ChunkServerHandler, PresentedTicket, ReceivingChunk, TicketRights } from './server-handler.js';
export { type DialNodeOptions, dialNode } from './dial-node.js';
