/** What the client process tells a node process, and the answers. */
export interface NodeStart {
  readonly root: string;
  readonly nodeId: string;
  readonly memberId: string;
  readonly ticketPublicKey: string;
  readonly credentials: { readonly certificateChain: string; readonly privateKey: string; readonly trustedCa: string };
}

export type ToNode = { readonly kind: 'start'; readonly start: NodeStart } | { readonly kind: 'cpu' } | { readonly kind: 'stop' };

export type FromNode =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'cpu'; readonly cpuSeconds: number; readonly peakRssBytes: number };

export const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
