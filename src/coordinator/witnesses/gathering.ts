import { CollectiveError, type MemberId } from '../../base/index.js';
import type { OwnCredentials } from '../../identity/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import { type RpcTransport, serve, WitnessServiceDefinition } from '../../transport/index.js';
import type { Keeper, KeeperId } from './keeper.js';
import type { WitnessLink } from './witness-link.js';
import { type WitnessHost, WitnessService } from './witness-service.js';

const CLOSE_GRACE_MS = 500;

export interface GatherOptions {
  readonly origin: MemberId;
  readonly own: OwnCredentials;
  /** Where the nodes look for their coordinator. */
  readonly home: { readonly host: string; readonly port: number };
  readonly transport: RpcTransport;
  readonly ports: { readonly timers: Timers; readonly logger: Logger };
}

/** The nodes that dial in to where their coordinator was, while there is none, and other members that were asked. */
export class Gathering implements WitnessHost {
  readonly links = new Map<KeeperId, Keeper>();
  /** What they give is taken; who they are is not known for sure. */
  readonly unproven = new Set<Keeper>();

  async attend(link: WitnessLink): Promise<void> {
    this.links.set(link.nodeId, link);
    while (!link.ended.aborted) await link.idle();
    if (this.links.get(link.nodeId) === link) this.links.delete(link.nodeId);
  }

  heard(): void {
    // Nothing is sent to them, so they have nothing new to say.
  }

  end(): void {
    for (const link of this.links.values()) link.close(new CollectiveError('UNAVAILABLE', 'The log was recovered.'));
  }
}

/** Listens for nodes with copies of the log until the work is done. Errors: those of listening, and of the work. */
export async function gatherWitnesses<Result>(
  options: GatherOptions,
  work: (gathering: Gathering) => Promise<Result>,
): Promise<Result> {
  const { transport, home, own, origin, ports } = options;
  const host = new Gathering();
  const service = new WitnessService({ ...ports, origin, host });
  const listener = await transport.listen({
    kind: 'home',
    ...home,
    own,
    logger: ports.logger,
    services: [serve(WitnessServiceDefinition, service)],
  });
  try {
    return await work(host);
  } finally {
    host.end();
    await listener.close(CLOSE_GRACE_MS);
  }
}
