import { type MemberId, toBase32, toCollectiveError } from '../../base/index.js';
import type { Head } from '../../events/index.js';
import { fixedPeers, type OwnCredentials, type PeerMember } from '../../identity/index.js';
import type { Clock, Logger, Random, Timers } from '../../ports/index.js';
import {
  createClient,
  type PeerMessage,
  PeerServiceDefinition,
  type RpcChannel,
  type RpcClient,
  type RpcTransport,
} from '../../transport/index.js';
import { pullBlocks } from '../peers/fetching/pull-client.js';
import { headOf, PROTOCOL_VERSION } from '../peers/session/wire.js';
import { pageOf } from './hear-members.js';
import { MemberKeeper } from './member-keeper.js';

const RETRY_MS = 2_000;
/** A peer says how far it holds the log right after its hello, or it holds none. */
const FRONTIER_MS = 3_000;

export interface RecoveryPeersOptions {
  readonly origin: MemberId;
  readonly own: OwnCredentials;
  readonly transport: Pick<RpcTransport, 'connectPeer'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly onKeeper: (keeper: MemberKeeper) => void;
}

/** Asks other members' coordinators for the own log, each until it has answered, while there is no coordinator of one's own. */
export class RecoveryPeers {
  readonly #options: RecoveryPeersOptions;
  readonly #asked = new Set<string>();
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #channels: RpcChannel[] = [];

  constructor(options: RecoveryPeersOptions) {
    this.#options = options;
  }

  /** Once for each CA and set of addresses of a member. */
  ask(peer: PeerMember): void {
    const key = `${peer.memberId} ${toBase32(peer.ca.sha256)} ${peer.endpoints.join(' ')}`;
    if (this.#asked.has(key) || this.#stop.signal.aborted) return;
    this.#asked.add(key);
    this.#loops.push(this.#loop(peer));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
    for (const channel of this.#channels) channel.close();
  }

  /** Never rejects. */
  async #loop(peer: PeerMember): Promise<void> {
    const { origin, own, transport, clock, timers, logger, onKeeper } = this.#options;
    const { memberId } = peer;
    const { signal } = this.#stop;
    const channel = transport.connectPeer({ own, memberId, peers: fixedPeers([peer]) });
    this.#channels.push(channel);
    const client = createClient(PeerServiceDefinition, channel);
    while (!signal.aborted) {
      try {
        const head = await this.#headAt(client);
        const read = (fromSequence: number, toSequence: number, reading: AbortSignal): Promise<readonly Uint8Array[]> => {
          const range = { origin, fromSequence, toSequence, previousHeaderHash: undefined };
          return pageOf(pullBlocks(client, range, { clock, timers, signal: reading }));
        };
        onKeeper(new MemberKeeper({ memberId, ended: signal, read }, head));
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.info('another member cannot be asked for the log', { memberId, error: toCollectiveError(error) });
        // It rejects when this is stopped, which the loop sees.
        await timers.sleep(RETRY_MS, signal).catch(() => undefined);
      }
    }
  }

  /** How far it holds the log; undefined: it has none. Errors: those of the call. */
  async #headAt(client: RpcClient<typeof PeerServiceDefinition>): Promise<Head | undefined> {
    const { origin, timers, random } = this.#options;
    const done = new AbortController();
    const timer = timers.after(FRONTIER_MS, () => done.abort());
    const signal = AbortSignal.any([this.#stop.signal, done.signal]);
    let greeted = false;
    try {
      for await (const { message } of client.session(sayingNothing(toBase32(random.bytes(10)), signal), { signal })) {
        greeted ||= message?.$case === 'hello';
        if (message?.$case !== 'frontier') continue;
        const own = message.value.heads.find((head) => head.origin === origin);
        if (own !== undefined) return headOf(own);
      }
      return undefined;
    } catch (error) {
      if (greeted && done.signal.aborted) return undefined;
      throw error;
    } finally {
      timer.cancel();
      done.abort();
    }
  }
}

/** A session of somebody who holds no log at all. */
async function* sayingNothing(bootId: string, until: AbortSignal): AsyncGenerator<PeerMessage, void> {
  yield { message: { $case: 'hello', value: { protocolVersion: PROTOCOL_VERSION, bootId, endpoints: [], softwareVersion: '' } } };
  yield { message: { $case: 'frontier', value: { heads: [] } } };
  await new Promise<void>((resolve) => {
    until.addEventListener('abort', () => resolve(), { once: true });
    if (until.aborted) resolve();
  });
}
