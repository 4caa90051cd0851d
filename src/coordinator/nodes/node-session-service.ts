import {
  CollectiveError,
  isCollectiveError,
  formatSize,
  isChunkId,
  LIMITS,
  type NodeId,
  toCollectiveError,
  utf8,
} from '../../base/index.js';
import { decideNodeHello, decideNodeUse } from '../../domain/index.js';
import { isEndpoint } from '../../identity/index.js';
import type { Logger } from '../../ports/index.js';
import type {
  AuthenticatedCall,
  NodeSessionServiceDefinition,
  ServiceImplementation,
  SessionHeartbeat,
  SessionHello,
  SessionRequest,
  SessionResponse,
  SessionWelcome,
} from '../../transport/index.js';
import { nodeCaller } from '../caller.js';
import type { Command, CommandLoop } from '../commands/command-loop.js';
import type { TrustDesk } from '../certificates/trust-desk.js';
import type { UnrecordedLeaves } from '../certificates/unrecorded-leaves.js';
import type { DamageDesk } from './damage-desk.js';
import type { NodeRegistry, NodeTelemetry } from './node-registry.js';
import { NodeSession } from './node-session.js';

/** Nodes dial in here, say what they have, and keep the stream open. */
export class NodeSessionService implements ServiceImplementation<typeof NodeSessionServiceDefinition> {
  readonly #commands: CommandLoop;
  readonly #registry: NodeRegistry;
  readonly #damage: DamageDesk;
  readonly #welcome: () => SessionWelcome;
  readonly #trust: TrustDesk;
  readonly #unrecorded: Pick<UnrecordedLeaves, 'seen'>;
  readonly #logger: Logger;

  constructor(options: {
    readonly commands: CommandLoop;
    readonly registry: NodeRegistry;
    readonly damage: DamageDesk;
    readonly welcome: () => SessionWelcome;
    readonly trust: TrustDesk;
    readonly unrecorded: Pick<UnrecordedLeaves, 'seen'>;
    readonly logger: Logger;
  }) {
    this.#commands = options.commands;
    this.#registry = options.registry;
    this.#damage = options.damage;
    this.#welcome = options.welcome;
    this.#trust = options.trust;
    this.#unrecorded = options.unrecorded;
    this.#logger = options.logger;
  }

  async *session(requests: AsyncIterable<SessionRequest>, call: AuthenticatedCall): AsyncGenerator<SessionResponse> {
    const { nodeId, actor } = nodeCaller(call.caller);
    const messages = requests[Symbol.asyncIterator]();
    const first = await messages.next();
    if (first.done === true || first.value.message?.$case !== 'hello') {
      throw new CollectiveError('REQUEST_INVALID', 'A session begins with a hello.');
    }
    const hello = checkHello(first.value.message.value);
    const telemetry = telemetryOf(hello.state, hello.softwareVersion);
    const { endpoints, failureDomain, capacityBytes } = hello;
    const { usedBytes } = telemetry;
    const recordHello = (): Promise<boolean> =>
      this.#record({
        actor,
        request: undefined,
        decide: (views) => decideNodeHello({ nodeId, endpoints, failureDomain, capacityBytes, usedBytes }, views.nodes),
        answer: () => undefined,
      });
    await this.#unrecorded.seen(call.caller);
    const recorded = await recordHello();
    const changes = this.#trust.changes;
    const trust = await this.#trust.present();
    const session = new NodeSession(nodeId, recorded ? undefined : recordHello);
    this.#registry.connect(nodeId, session, telemetry);
    const logger = this.#logger.child({ nodeId, requestId: call.requestId });
    logger.info('node online', { endpoints, capacity: formatSize(capacityBytes), storeState: telemetry.storeState });
    session.send({ message: { $case: 'welcome', value: this.#welcome() } });
    session.send({ message: { $case: 'trust', value: trust } });
    // What changed while this was gathered was told only to those who were here by then.
    if (changes !== this.#trust.changes) await this.#trust.changed();
    const listening = this.#listen(messages, session, hello.softwareVersion, call.signal);
    const rechecking = this.#damage.check(nodeId, session.ended);
    try {
      yield* session.messages(AbortSignal.any([call.signal, session.ended]));
      if (session.ended.aborted) throw toCollectiveError(session.ended.reason);
    } finally {
      session.close(new CollectiveError('UNAVAILABLE', 'The session has ended.'));
      this.#registry.disconnect(nodeId, session);
      logger.info('node session ended');
      await Promise.allSettled([listening, rechecking]);
    }
  }

  /** What comes up, until the stream ends; then so does the session. */
  async #listen(
    messages: AsyncIterator<SessionRequest>,
    session: NodeSession,
    softwareVersion: string,
    signal: AbortSignal,
  ): Promise<void> {
    let reason = new CollectiveError('UNAVAILABLE', 'The node has ended the session.');
    try {
      while (!signal.aborted && !session.ended.aborted) {
        const next = await messages.next();
        if (next.done === true) break;
        await this.#take(next.value, session, softwareVersion);
      }
    } catch (error) {
      reason = toCollectiveError(error, 'UNAVAILABLE');
    }
    session.close(reason);
  }

  async #take({ message }: SessionRequest, session: NodeSession, softwareVersion: string): Promise<void> {
    const { nodeId } = session;
    switch (message?.$case) {
      case 'heartbeat':
        await this.#heartbeat(nodeId, session, telemetryOf(message.value, softwareVersion));
        return;
      case 'damage':
        await this.#damage.found(nodeId, message.value.chunks.slice(0, LIMITS.chunksPerCall));
        await this.#damage.whole(nodeId, message.value.wholeChunkIds.slice(0, LIMITS.chunksPerCall).filter(isChunkId));
        return;
      case 'answer':
        session.reply(message.value.orderId, { kind: 'answer', answer: message.value });
        return;
      case 'inventory':
        session.reply(message.value.orderId, { kind: 'inventory', page: message.value });
        return;
      case 'hello':
      case undefined:
        throw new CollectiveError('REQUEST_INVALID', 'A session has one hello, and no messages of unknown kinds.');
      default:
    }
  }

  /** A node serves what it holds also while nothing can be recorded. False: not recorded now. */
  async #record(command: Command<void>): Promise<boolean> {
    try {
      await this.#commands.submit(command);
      return true;
    } catch (error) {
      if (!isCollectiveError(error) || !NOT_NOW.has(error.code)) throw error;
      this.#logger.debug('what a node says cannot be recorded now', { error });
      return false;
    }
  }

  async #heartbeat(nodeId: NodeId, session: NodeSession, telemetry: NodeTelemetry): Promise<void> {
    this.#registry.heard(nodeId, session, telemetry);
    if ((await session.unrecorded?.()) === true) session.unrecorded = undefined;
    await this.#record({
      actor: `node/${nodeId}`,
      request: undefined,
      decide: (views) => decideNodeUse({ nodeId, usedBytes: telemetry.usedBytes }, views.nodes),
      answer: () => undefined,
    });
  }
}

const NOT_NOW: ReadonlySet<string> = new Set(['LOG_READ_ONLY', 'WITNESSES_UNREACHABLE']);

function checkHello(hello: SessionHello): SessionHello {
  const { endpoints, failureDomain, softwareVersion } = hello;
  const texts = [failureDomain, softwareVersion, hello.bootId];
  if (texts.some((text) => utf8(text).length > LIMITS.labelBytes) || !endpoints.every(isEndpoint)) {
    throw new CollectiveError('REQUEST_INVALID', 'The hello names endpoints that are none, or texts that are too long.');
  }
  return hello;
}

const REASON_CHARACTERS = 300;

function telemetryOf(state: SessionHeartbeat | undefined, softwareVersion: string): NodeTelemetry {
  if (state === undefined) throw new CollectiveError('REQUEST_INVALID', 'A hello tells the state of the store.');
  const { storeState } = state;
  return {
    usedBytes: state.usedBytes,
    freeBytes: state.freeBytes,
    chunks: state.chunks,
    storeState: storeState === 'ready' || storeState === 'full' ? storeState : 'read-only',
    // It ends up in people's terminals.
    storeReason: state.storeReason
      .slice(0, REASON_CHARACTERS)
      .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
      .toWellFormed(),
    damagedCopies: state.damagedCopies,
    softwareVersion,
  };
}
