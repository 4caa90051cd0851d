import { LIMITS, type ChunkId, type MemberId } from '../../../src/base/index.js';
import {
  decideCloseUpload,
  decideCommitFile,
  decideCopiesLost,
  decideMakeDirectory,
  decideMakeSymlink,
  decideMoveEntry,
  decideOpenUpload,
  decideRecordCopies,
  decideRecordExtents,
  decideRemoveEntry,
  decideSetAttributes,
  type Decision,
  type DecisionContext,
  type ReceiptedChunks,
} from '../../../src/domain/index.js';
import type { CollectiveEvent, LogPosition, RecordedEvent } from '../../../src/events/index.js';
import type { Views } from '../../../src/projections/index.js';
import { SeededRandom } from '../../simulation/ports/index.js';
import {
  ALICE,
  AT,
  Chronicle,
  chunkId,
  clientId,
  extentsOf,
  founded,
  listId,
  nodeId,
  openHost,
  uploadId,
  World,
} from './support.js';

export const NODES = [nodeId('one'), nodeId('two'), nodeId('three')] as const;
export const CLIENT = clientId('laptop');
export const UPLOAD = uploadId('standing');
export const NOW_MS = 1_700_000_000_000;
const CHUNK_BYTES = 1000;

export const receiptsFor = (chunks: readonly string[]): ReceiptedChunks =>
  new Map(
    chunks.map(
      (name): readonly [ChunkId, { readonly lengthBytes: number; readonly nodeIds: ReadonlySet<(typeof NODES)[number]> }] => [
        chunkId(name),
        { lengthBytes: CHUNK_BYTES, nodeIds: new Set(NODES.slice(0, 2)) },
      ],
    ),
  );

export const contextAt = (nextPosition: LogPosition): DecisionContext => ({ nowMs: NOW_MS, actor: 'coordinator', nextPosition });

/** Three nodes and an open upload. */
export const standing = (): readonly CollectiveEvent[] => [
  ...NODES.map((id) => ({ type: 'NodeRegistered', nodeId: id, name: id }) as const),
  {
    type: 'UploadOpened',
    uploadId: UPLOAD,
    clientId: CLIENT,
    copies: 2,
    expiresAtMs: NOW_MS + LIMITS.uploadLifeMs,
    minimumCopies: 0,
    spread: 'nodes',
  },
];

/** A log of random commands, those that are refused left out: the same seed, the same log. */
export async function randomLog(seed: number, steps: number, origin: MemberId = ALICE): Promise<readonly RecordedEvent[]> {
  const world = new World(await openHost({ origins: [origin] }), new Chronicle(origin));
  await world.record(founded(origin), ...standing());
  const random = new SeededRandom(seed);
  for (let step = 0; step < steps; step += 1) {
    for (const decide of randomCommand(random, step)) await world.decide(decide);
  }
  return world.chronicle.events;
}

export type Decide = (views: Views, next: LogPosition) => Decision;

/** A few names in a few levels, so that commands meet. */
const randomNames = (random: SeededRandom): readonly string[] =>
  Array.from({ length: 1 + random.integer(3) }, () => random.pick(['a', 'b', 'ä', 'a long name of a file']));

const randomChunks = (random: SeededRandom): readonly string[] =>
  Array.from(new Set(Array.from({ length: random.integer(4) }, () => `chunk ${random.integer(12)}`)));

function randomCommand(random: SeededRandom, step: number): readonly Decide[] {
  const names = randomNames(random);
  const other = randomNames(random);
  const chunks = randomChunks(random);
  const likely = random.chance(0.7);
  const number = random.integer(1000);
  const kinds: readonly [readonly Decide[], ...(readonly Decide[])[]] = [
    [
      ({ namespace }, next) =>
        decideMakeDirectory({ names, mode: 0o750, modified: AT, makeParents: likely, existOk: true }, namespace, contextAt(next)),
    ],
    commitInline(names, chunks),
    commitInline(names, chunks),
    commitList(names, [...chunks, `chunk ${number}`], `list ${number} ${chunks.join()}`),
    [
      ({ namespace }, next) =>
        decideMakeSymlink({ names, target: `to/${step}`, modified: AT, replace: true }, namespace, contextAt(next)),
    ],
    [({ namespace }) => decideMoveEntry({ from: names, to: other, replace: likely, expectedVersion: undefined }, namespace)],
    [({ namespace }) => decideRemoveEntry({ names, recursive: likely, expectedVersion: undefined }, namespace)],
    [({ namespace }) => decideSetAttributes({ names, mode: number % 0o1000, modified: undefined }, namespace)],
    [
      ({ placement }) =>
        decideCopiesLost({ nodeId: NODES[number % 3] ?? NODES[0], reason: 'damaged', chunkIds: chunks.map(chunkId) }, placement),
    ],
    [
      ({ uploads }, next) =>
        decideOpenUpload(
          { uploadId: uploadId(`upload ${step}`), clientId: CLIENT, copies: 1 + (number % 3) },
          uploads,
          contextAt(next),
        ),
    ],
    [
      ({ uploads }) =>
        decideCloseUpload({ uploadId: uploadId(`upload ${number % (step + 1)}`), clientId: CLIENT, abandoned: likely }, uploads),
    ],
  ];
  return random.pick(kinds);
}

const command = (names: readonly string[]) => ({
  uploadId: UPLOAD,
  clientId: CLIENT,
  names,
  mode: 0o640,
  modified: AT,
  expectedVersion: undefined,
  contentType: '',
  makeParents: true,
});

/** A small file: its copies, then its commit. */
export function commitInline(names: readonly string[], chunks: readonly string[]): readonly Decide[] {
  const receipted = receiptsFor(chunks);
  const content = {
    sizeBytes: chunks.length * CHUNK_BYTES,
    extentListIds: [],
    extents: extentsOf(chunks, CHUNK_BYTES),
    receipted,
  };
  return [
    (views, next) => decideRecordCopies({ uploadId: UPLOAD, clientId: CLIENT, receipted }, views, contextAt(next)),
    (views, next) => decideCommitFile({ ...command(names), ...content }, views, contextAt(next)),
  ];
}

/** A file whose content is one list. */
export function commitList(names: readonly string[], chunks: readonly string[], list: string): readonly Decide[] {
  const receipted = receiptsFor(chunks);
  const extents = extentsOf(chunks, CHUNK_BYTES);
  const content = { sizeBytes: chunks.length * CHUNK_BYTES, extentListIds: [listId(list)], extents: [], receipted };
  return [
    (views, next) =>
      decideRecordExtents(
        { uploadId: UPLOAD, clientId: CLIENT, extentListId: listId(list), extents, receipted },
        views,
        contextAt(next),
      ),
    (views, next) => decideCommitFile({ ...command(names), ...content }, views, contextAt(next)),
  ];
}
