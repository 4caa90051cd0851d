import { CollectiveError, accept, equalBytes, fileIdAt, type MemberId, ROOT_FILE_ID } from '../../../src/base/index.js';
import { BODY_OFFSET } from '../../../src/events/chain/index.js';
import type { CollectiveEvent, StoredBlock } from '../../../src/events/index.js';
import { fixedPeers, openCa, type OwnCredentials, type PeerMember } from '../../../src/identity/index.js';
import { type AuthenticatedCall, PeerServiceDefinition, serve } from '../../../src/transport/index.js';
import type { SeededRandom, SimFileSystem, SimRpcNetwork } from '../ports/index.js';
import type { Machine } from '../system/machine.js';
import type { Trace } from '../system/trace.js';
import { diskWith, type FoundedMember, ownBlocks, PEER_PORT } from './fixture.js';

/** What the dishonest member does. */
export const SINS = [
  'two blocks at one position',
  'signatures that are none',
  'an event that cannot be',
  'lies about others',
] as const;
export type Sin = (typeof SINS)[number];

type PeerImplementation = Parameters<typeof serve<typeof PeerServiceDefinition>>[1];
type PeerMessages = ReturnType<PeerImplementation['session']>;
type PeerHeads = { origin: string; epoch: number; sequence: number; headerHash: Uint8Array }[];
type PeerMessage = PeerMessages extends AsyncIterable<infer Message> ? Message : never;

export interface EvilMemberOptions {
  readonly founded: FoundedMember;
  readonly sin: Sin;
  /** Whom it knows, and who knows it. */
  readonly others: readonly FoundedMember[];
  readonly random: SeededRandom;
  readonly machine: Machine;
  readonly rpc: SimRpcNetwork;
  readonly trace: Trace;
}

/** From one block to the next that is shown. */
export const REVEALED_MS = 4_000;
const PUSHED_MS = 3_000;

/** A member whose program is not ours: it has real keys and an admission, and tells everybody what it likes. */
export class EvilMember {
  readonly founded: FoundedMember;
  readonly sin: Sin;
  readonly #options: EvilMemberOptions;
  readonly #branches: readonly [readonly StoredBlock[], readonly StoredBlock[]];
  /** The beginnings of the logs of others. */
  readonly #ofOthers: ReadonlyMap<string, readonly StoredBlock[]>;
  /** The last event that both branches have, and that can be. */
  readonly commonSequence: number;

  static async make(options: EvilMemberOptions, disk: SimFileSystem): Promise<EvilMember> {
    const { founded, random, sin } = options;
    const count = 2 + random.integer(6);
    const common = 1 + random.integer(count);
    const length = (): number => common + 1 + random.integer(count);
    const make = async (branch: string, blocks: number): Promise<readonly StoredBlock[]> => {
      const events = Array.from({ length: blocks }, (_, index) =>
        eventsOf(sin, index < common ? 'common' : branch, index, common),
      );
      return ownBlocks(founded, await diskWith(founded, events, disk));
    };
    const left = await make('left', length());
    const right = sin === 'two blocks at one position' ? await make('right', length()) : left;
    const ofOthers = new Map<string, readonly StoredBlock[]>();
    for (const other of options.others) ofOthers.set(other.memberId, await ownBlocks(other, other.disk));
    return new EvilMember(options, [left, right], ofOthers);
  }

  private constructor(
    options: EvilMemberOptions,
    branches: readonly [readonly StoredBlock[], readonly StoredBlock[]],
    ofOthers: ReadonlyMap<string, readonly StoredBlock[]>,
  ) {
    this.#ofOthers = ofOthers;
    this.founded = options.founded;
    this.sin = options.sin;
    this.#options = options;
    this.#branches = branches;
    const [left, right] = branches;
    const differs = left.findIndex((block, index) => {
      const other = right[index];
      const impossible = block.events.some(({ envelope }) => envelope.type === 'EntryRemoved');
      return impossible || other === undefined || !equalBytes(block.headerHash, other.headerHash);
    });
    this.commonSequence = (differs < 0 ? left.at(-1) : left[differs - 1])?.lastSequence ?? 0;
  }

  /** Whether this block is one of its own making, to the last bit. */
  hasSigned(bytes: Uint8Array): boolean {
    return this.#branches.some((blocks) => blocks.some((block) => equalBytes(block.bytes, bytes)));
  }

  /** Whether everything that it has to say is said by now. */
  get isRevealed(): boolean {
    const [left, right] = this.#branches;
    return this.#options.machine.clock.monotonicMs() / REVEALED_MS > Math.max(left.length, right.length);
  }

  /** Serves for as long as the simulation runs. */
  async start(): Promise<void> {
    const { founded, machine, rpc, trace, others } = this.#options;
    const { timers, random, logger } = machine.boot();
    const host = founded.name;
    const transport = rpc.from({ host, clock: machine.clock, timers, random });
    const { material } = founded;
    const own: OwnCredentials = {
      memberId: material.memberId,
      ca: material.ca,
      leaf: material.coordinatorLeaf,
      privateKeyPem: material.coordinatorKeys.privateKeyPem,
    };
    const peers = fixedPeers(others.map(trusted));
    const implementation: PeerImplementation = {
      session: (incoming, call) => this.#session(incoming, call),
      pull: (request, call) => this.#pull(request, call),
      answer: () => {
        throw new CollectiveError('NOT_FOUND', 'It asks nobody.');
      },
    };
    await transport.listen({
      kind: 'peer',
      host,
      port: PEER_PORT,
      own,
      peers,
      logger,
      services: [serve(PeerServiceDefinition, implementation)],
    });
    trace.add(host, `is dishonest: ${this.sin}; both branches have ${this.commonSequence} events`);
  }

  /** Some are shown the one branch, the others the other; more of it as time goes by. */
  #shown(memberId: MemberId): readonly StoredBlock[] {
    const { others, machine } = this.#options;
    const index = others.findIndex((other) => other.memberId === memberId);
    return this.#branches[index % 2 === 0 ? 0 : 1].slice(0, 1 + Math.floor(machine.clock.monotonicMs() / REVEALED_MS));
  }

  async *#session(incoming: AsyncIterable<PeerMessage>, call: AuthenticatedCall): AsyncGenerator<PeerMessage, void, undefined> {
    const { memberId } = call.caller;
    const { machine, random } = this.#options;
    yield {
      message: {
        $case: 'hello',
        value: { protocolVersion: 1, bootId: `evil-${random.integer(1e9)}`, softwareVersion: 'evil', endpoints: [] },
      },
    };
    let told = 0;
    const nonces: number[] = [];
    const listening = listen(incoming, (message) => {
      if (message.message?.$case === 'ping') nonces.push(message.message.value.nonce);
    });
    // Whoever called ends it.
    listening.catch(() => undefined);
    while (!call.signal.aborted) {
      const shown = this.#shown(memberId);
      const head = shown.at(-1);
      if (head !== undefined && shown.length > told) {
        told = shown.length;
        yield { message: { $case: 'frontier', value: { heads: [this.#head(head), ...this.#lies()] } } };
        if (random.chance(0.5)) {
          const blocks = [this.#spoilt(head.bytes)];
          yield { message: { $case: 'blocks', value: { origin: this.founded.memberId, blocks } } };
        }
      }
      for (const nonce of nonces.splice(0)) yield { message: { $case: 'pong', value: { nonce } } };
      await machine.process?.timers.sleep(PUSHED_MS);
    }
  }

  async *#pull(
    request: { readonly origin: string; readonly fromSequence: number },
    call: AuthenticatedCall,
  ): AsyncGenerator<{ blocks: Uint8Array[] }, void, undefined> {
    const own = request.origin === this.founded.memberId;
    const blocks = own ? this.#shown(call.caller.memberId) : (this.#ofOthers.get(request.origin) ?? []);
    for (const block of blocks) {
      if (block.lastSequence >= request.fromSequence) yield { blocks: [this.#spoilt(block.bytes)] };
    }
  }

  #head({ header, headerHash, lastSequence }: StoredBlock): PeerHeads[number] {
    return { origin: this.founded.memberId, epoch: header.epoch, sequence: lastSequence, headerHash };
  }

  /** That others have written more than they have. */
  #lies(): PeerHeads {
    if (this.sin !== 'lies about others') return [];
    const { random, others } = this.#options;
    return others.map(({ memberId }) => {
      return { origin: memberId, epoch: 1, sequence: 1 + random.integer(1_000_000), headerHash: random.bytes(32) };
    });
  }

  /** One bit of it is another, somewhere: signature, header or body. */
  #spoilt(bytes: Uint8Array): Uint8Array {
    const { sin, random } = this.#options;
    if (sin !== 'signatures that are none' && sin !== 'lies about others') return bytes;
    const spoilt = bytes.slice();
    const at = random.integer(random.chance(0.7) ? BODY_OFFSET : spoilt.length);
    spoilt[at] = (spoilt[at] ?? 0) ^ (1 << random.integer(8));
    return spoilt;
  }
}

async function listen(incoming: AsyncIterable<PeerMessage>, take: (message: PeerMessage) => void): Promise<void> {
  for await (const message of incoming) take(message);
}

function trusted({ name, memberId, founding }: FoundedMember): PeerMember {
  return { memberId, ca: accept(openCa(founding.caCertificate)), endpoints: [`${name}:${PEER_PORT}`] };
}

/** What one block of it says: something harmless; or, as the first one of its own, what contradicts all before it. */
function eventsOf(sin: Sin, branch: string, index: number, common: number): readonly CollectiveEvent[] {
  const name = `${branch}-${index}`;
  if (sin === 'an event that cannot be' && index === common) {
    return [{ type: 'EntryRemoved', parentId: ROOT_FILE_ID, name, fileId: fileIdAt({ epoch: 1, sequence: 1_000_000 }) }];
  }
  const modified = { seconds: 0, nanoseconds: 0 };
  return [{ type: 'DirectoryCreated', parentId: ROOT_FILE_ID, name, mode: 0o755, modified }];
}
