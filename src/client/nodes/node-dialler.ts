import { type DialNodeOptions, dialNode } from '../../transport/index.js';
import { ChunkChannel } from './chunk-channel.js';
import type { OpenNodeChannel } from './node-channel.js';

export type NodeDiallerOptions = DialNodeOptions;

/** Dials nodes of the own member; and those of others, each by CAs that its member's identity key endorsed. */
export function createNodeDialler(options: DialNodeOptions): OpenNodeChannel {
  const { own } = options;
  return async (access, signal) => {
    // Whoever comes after the certificate was renewed gets a connection by the new one.
    const { leaf: shown } = own;
    return new ChunkChannel(await dialNode(options, access, signal), () => own.leaf === shown);
  };
}
