import { type CollectiveError, isCollectiveError, type ErrorCode } from '../../../src/base/index.js';
import type { CollectiveClient } from '../../../src/client/index.js';
import type { MemoryLocalFiles } from '../../unit/client/support/memory-local-files.js';
import type { SeededRandom } from '../ports/index.js';
import type { ClientHost } from './client-host.js';
import { hashOf } from './contents.js';
import type { Effect } from './log-model.js';
import type { TreeState } from './tree.js';
import { holds, Violation } from './violation.js';
import type { World } from './world.js';

const MODIFIED = { seconds: 1_900_000_000, nanoseconds: 0 };
const FOLDERS = ['/', '/a', '/b', '/a/c'] as const;

interface Running {
  readonly world: World;
  readonly random: SeededRandom;
  readonly actor: string;
  readonly client: CollectiveClient;
  readonly local: MemoryLocalFiles;
  readonly signal: AbortSignal;
}

/** What an operation found, to be held against the log: called once the log was read up to the answer. */
type Verdict = (seen: Seen) => void;

interface Seen {
  /** What the tree was at some moment between question and answer. */
  readonly states: readonly TreeState[];
  /** What the caller did meanwhile, up to the position that was durable when it was told. */
  readonly effects: readonly Effect[];
}

type Refusals = Partial<Record<ErrorCode, (state: TreeState) => boolean>>;

interface Operation {
  readonly label: string;
  /** Whether its answer acknowledges a change. */
  readonly changes?: true;
  run(): Promise<Verdict>;
  /** What a refusal with this code says about the tree. */
  readonly refusals?: Refusals;
}

const joined = (folder: string, name: string): string => (folder === '/' ? `/${name}` : `${folder}/${name}`);
const anyFile = (random: SeededRandom): string => joined(random.pick(FOLDERS), `f${random.integer(4)}`);
const anyPath = (random: SeededRandom): string => (random.chance(0.7) ? anyFile(random) : random.pick(FOLDERS));

/** Mostly a file that was there a moment ago. */
function someFile({ world, random }: Running): string {
  const there = [...world.history.model.current].filter(([, { kind }]) => kind === 'file');
  const [path] = there[random.integer(Math.max(1, there.length))] ?? [];
  return path === undefined || random.chance(0.2) ? anyFile(random) : path;
}

const mustHave = (seen: Seen, kind: Effect['kind'], path: string, detail?: string): void => {
  const found = seen.effects.some(
    (effect) => effect.kind === kind && effect.path === path && (detail === undefined || effect.detail === detail),
  );
  holds(
    found,
    `an acknowledged ${kind} of ${path} is not in the log below the position that was durable when it was acknowledged`,
  );
};

const mustHaveBeen = (seen: Seen, what: string, test: (state: TreeState) => boolean): void =>
  holds(seen.states.some(test), `${what}: at no moment between question and answer`);

function write({ world, random, client, signal }: Running): Operation {
  const path = anyFile(random);
  const content = world.contents.next();
  const copies = random.pick([0, 0, 0, 1, 3]);
  return {
    label: `write ${path} ${content.label} copies ${copies}`,
    changes: true,
    run: async () => {
      const { bytes } = content;
      const report = await client.write({
        bytes: inPieces(bytes, random),
        path,
        mode: 0o644,
        modified: MODIFIED,
        copies,
        signal,
      });
      const [failure] = report.failures;
      if (failure !== undefined) throw failure.error;
      return (seen) => {
        mustHave(seen, 'commit', path, content.hash);
        const times = seen.effects.filter(({ kind, detail }) => kind === 'commit' && detail === content.hash).length;
        holds(
          !content.fresh || content.bytes.length === 0 || times === 1,
          `${path} was stored once, and committed ${times} times`,
        );
      };
    },
  };
}

async function* inPieces(bytes: Uint8Array, random: SeededRandom): AsyncGenerator<Uint8Array, void> {
  for (let offset = 0; offset < bytes.length; ) {
    const length = 1 + random.integer(200_000);
    yield bytes.subarray(offset, offset + length);
    offset += length;
  }
}

function put({ world, random, client, local, signal }: Running): Operation {
  const destination = random.pick(FOLDERS);
  const files = Array.from({ length: 1 + random.integer(5) }, (_, index) => ({
    source: `/source/f${index}`,
    content: world.contents.next(),
  }));
  local.addDirectory('/source');
  for (const { source, content } of files) local.addFile(source, content.bytes);
  return {
    label: `put ${files.map(({ content }) => content.label).join(', ')} into ${destination}`,
    changes: true,
    run: async () => {
      const sources = files.map(({ source }) => source);
      const report = await client.put({ sources, destination: `${destination}/`, copies: 0, signal });
      const failed = new Set(report.failures.map(({ path }) => path));
      for (const { error } of report.failures) judgeError(error, []);
      return (seen) => {
        for (const { source, content } of files) {
          const path = joined(destination, source.slice('/source/'.length));
          if (!failed.has(path)) mustHave(seen, 'commit', path, content.hash);
        }
      };
    },
  };
}

function read(running: Running): Operation {
  const { client, signal } = running;
  const path = someFile(running);
  return {
    label: `read ${path}`,
    refusals: absent(path),
    run: async () => {
      const parts: Uint8Array[] = [];
      await client.read(path, (bytes) => Promise.resolve(void parts.push(bytes.slice())), { signal });
      const hash = hashOf(Buffer.concat(parts));
      return (seen) => mustHaveBeen(seen, `${path} was read as ${hash.slice(0, 8)}`, (state) => state.get(path)?.hash === hash);
    },
  };
}

function get(running: Running): Operation {
  const { random, client, local, signal } = running;
  const path = random.chance(0.3) ? random.pick(FOLDERS) : someFile(running);
  return {
    label: `get ${path}`,
    // A folder below it may go while the tree is walked.
    refusals: absent(path, ...FOLDERS.filter((folder) => folder.startsWith(joined(path, '')))),
    run: async () => {
      const report = await client.get({ sources: [path], destination: '/target', signal });
      for (const { error } of report.failures) judgeError(error, []);
      holds(local.unfinished === 0, 'a get that has ended left a file half written');
      return (seen) => {
        for (const [target, thing] of local.things) {
          if (thing.kind !== 'file') continue;
          const remote = target === '/target' ? path : joined(path, target.slice('/target/'.length));
          const hash = hashOf(thing.bytes);
          mustHaveBeen(seen, `${remote} was got as ${hash.slice(0, 8)}`, (state) => state.get(remote)?.hash === hash);
        }
      };
    },
  };
}

function list({ random, client, signal }: Running): Operation {
  const path = random.pick(FOLDERS);
  return {
    label: `list ${path}`,
    refusals: absent(path),
    run: async () => {
      const found: string[] = [];
      for await (const entry of client.list(path, signal)) found.push(shown(entry.name, entry));
      return (seen) =>
        mustHaveBeen(seen, `${path} was listed as ${found.join(', ')}`, (state) => listing(state, path).join() === found.join());
    },
  };
}

function listing(state: TreeState, folder: string): readonly string[] {
  const prefix = folder === '/' ? '/' : `${folder}/`;
  return [...state]
    .filter(([path]) => path !== '/' && path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
    .map(([path, standing]) => shown(path.slice(prefix.length), standing))
    .sort();
}

/** A directory's version counts what happens in it, which the model does not. */
const shown = (
  name: string,
  { kind, fileId, version }: { readonly kind: string; readonly fileId: string; readonly version: number },
): string => `${name} ${kind} ${fileId} ${kind === 'directory' ? '' : version}`;

function stat({ random, client, signal }: Running): Operation {
  const path = anyPath(random);
  return {
    label: `stat ${path}`,
    refusals: absent(path),
    run: async () => {
      const { fileId, version, kind } = await client.stat(path, signal);
      return (seen) =>
        mustHaveBeen(seen, `${path} was ${kind} ${fileId} version ${version}`, (state) => {
          const standing = state.get(path);
          return standing?.fileId === fileId && standing.kind === kind && (kind === 'directory' || standing.version === version);
        });
    },
  };
}

function makeDirectory({ random, client, signal }: Running): Operation {
  const path = random.pick(['/a', '/b', '/a/c'] as const);
  const parents = random.chance(0.5);
  return {
    label: `mkdir ${path}${parents ? ' with parents' : ''}`,
    changes: true,
    refusals: { ALREADY_EXISTS: (state) => state.has(path) },
    run: async () => {
      await client.makeDirectories([path], { mode: 0o755, modified: MODIFIED, parents }, signal);
      return (seen) => {
        if (!parents) mustHave(seen, 'create', path);
        else mustHaveBeen(seen, `${path} was made`, (state) => state.get(path)?.kind === 'directory');
      };
    },
  };
}

function move(running: Running): Operation {
  const { random, client, signal } = running;
  const [from, to, replace] = [random.chance(0.2) ? anyPath(random) : someFile(running), anyFile(random), random.chance(0.7)];
  return {
    label: `move ${from} to ${to}${replace ? ', replacing' : ''}`,
    changes: true,
    refusals: absent(from, parentOf(to)),
    run: async () => {
      const moves = await client.move([from], to, { replace }, signal);
      return (seen) => {
        for (const each of moves) if (each.from !== each.to) mustHave(seen, 'move', each.to, each.from);
      };
    },
  };
}

function remove(running: Running): Operation {
  const { random, client, signal } = running;
  const path = random.chance(0.8) ? someFile(running) : random.pick(['/a', '/b', '/a/c'] as const);
  return {
    label: `remove ${path}`,
    changes: true,
    refusals: absent(path),
    run: async () => {
      await client.remove(path, random.chance(0.5), signal);
      return (seen) => mustHave(seen, 'remove', path);
    },
  };
}

function events({ world, client, random, signal }: Running): Operation {
  const fromSequence = 1 + random.integer(Math.max(1, world.told));
  return {
    label: `events from ${fromSequence}`,
    run: async () => {
      const found: (readonly [number, string, string])[] = [];
      const query = { fromSequence, limit: 0, last: 0, follow: false, types: [] };
      for await (const event of client.admin.events(query, signal)) found.push([event.sequence, event.type, event.payloadHash]);
      return () => {
        for (const [index, [sequence, type, payloadHash]] of found.entries()) {
          const known = world.history.model.event(sequence);
          holds(sequence === fromSequence + index, 'the list of events has a gap');
          holds(
            known?.type === type && known.payloadHash === payloadHash,
            `event ${sequence} was listed as another one than the log has`,
          );
        }
      };
    },
  };
}

function status({ world, client, signal }: Running): Operation {
  return {
    label: 'status',
    run: async () => {
      const { log } = await client.admin.status(signal);
      return () => holds((log?.headSequence ?? 0) <= world.history.sequence, 'status names a head that is not durable');
    },
  };
}

function replay({ client, signal }: Running): Operation {
  return {
    label: 'replay the log',
    run: async () => {
      for await (const { views } of client.admin.replayLog(signal)) {
        for (const view of views) {
          holds(view.equal, `view ${view.name} differs from a replay of the log: ${view.differingRows.join(', ')}`);
        }
      }
      return () => undefined;
    },
  };
}

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** Not found is an answer too: there must have been a moment when one of these was not there. */
const absent = (...paths: readonly string[]): Refusals => ({
  NOT_FOUND: (state) => paths.some((path) => !state.has(path)),
});

const KINDS: readonly (readonly [weight: number, make: (running: Running) => Operation])[] = [
  [22, write],
  [10, put],
  [20, read],
  [6, get],
  [6, list],
  [5, stat],
  [6, makeDirectory],
  [7, move],
  [7, remove],
  [4, events],
  [3, status],
  [3, replay],
];

function choose(running: Running): Operation {
  const { random } = running;
  let left = random.fraction() * KINDS.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of KINDS) {
    left -= weight;
    if (left < 0) return make(running);
  }
  return read(running);
}

/** Codes that no fault explains: one program does not understand the other, or contradicts itself. */
const NEVER: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['INTERNAL', 'PROTOCOL_ERROR', 'REQUEST_CONFLICT', 'REQUEST_INVALID']);

function judgeError(error: unknown, extra: readonly ErrorCode[]): CollectiveError {
  if (!isCollectiveError(error))
    throw error instanceof Violation ? error : new Violation(`not an error of ours: ${describe(error)}`, { cause: error });
  if (NEVER.has(error.code) && !extra.includes(error.code)) {
    throw new Violation(`${error.code} is never an answer: ${describe(error)}`, { cause: error });
  }
  return error;
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** Starts a random operation on a client that has none. What it finds out is checked as soon as it ends. */
export function startOperation(world: World, host: ClientHost, random: SeededRandom, onAnswer: () => void): void {
  const { client, local, signal } = host.open();
  const process = host.machine.process;
  const { clientId } = host.identity;
  const actor = `client/${clientId}`;
  const operation = choose({ world, random, actor, client, local, signal });
  const name = host.identity.host;
  world.count('operations');
  world.trace.add(name, operation.label);
  const toldBefore = world.told;
  const { restoring, restores, sequence: startedAt } = world.history;
  const check = (verdict: Verdict | undefined, code: ErrorCode | undefined): void => {
    world.readLog();
    const { history } = world;
    // While an older disk is in place, readers see what it has; and what was answered just before may not be back yet.
    const setBack = restoring || history.restoring || history.restores !== restores;
    const durable = setBack ? history.seenSequence : history.sequence;
    const effects = history.model.effects.filter(
      (effect) => effect.actor === actor && effect.sequence > toldBefore && effect.sequence <= durable,
    );
    const lowest = setBack ? 0 : toldBefore;
    const states = history.model.statesBetween(lowest, durable).map(({ state }) => state);
    verdict?.({ states, effects });
    const refusal = code === undefined ? undefined : operation.refusals?.[code];
    if (refusal !== undefined) holds(states.some(refusal), `${operation.label}: refused with ${code}, and nothing was ever so`);
    // What an earlier command of this client did, which was refused its answer, is not acknowledged by this one.
    const newest = effects.findLast(({ sequence }) => restoring || sequence > startedAt)?.sequence ?? 0;
    if (verdict === undefined || operation.changes === undefined || newest === 0) return;
    world.checkWitnesses(newest);
    world.told = Math.max(world.told, newest);
  };
  const finish = async (): Promise<void> => {
    try {
      const verdict = await operation.run();
      if (host.machine.process !== process) return;
      world.count('acknowledged');
      world.trace.add(name, `done: ${operation.label}`);
      check(verdict, undefined);
    } catch (thrown) {
      if (host.machine.process !== process) return;
      const error = judgeError(thrown, []);
      world.count(`refused ${error.code}`);
      world.trace.add(name, `${error.code}: ${operation.label}`);
      check(undefined, error.code);
    }
    if (host.machine.process === process) host.end();
    onAnswer();
  };
  finish().catch((error: unknown) => world.fail(error));
}
