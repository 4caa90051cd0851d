import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FileId, ROOT_FILE_ID } from '../../../src/base/index.js';
import {
  ANY,
  type Decision,
  decideCommitFile,
  decideCopyEntry,
  decideMakeDirectory,
  decideMoveEntry,
  decidePurgeEntry,
  decideRemoveEntry,
  decideRestoreEntry,
} from '../../../src/domain/index.js';
import type { LogPosition } from '../../../src/events/index.js';
import type { Views } from '../../../src/projections/index.js';
import { CLIENT, contextAt, NOW_MS, standing, UPLOAD } from '../projections/random-log.js';
import { AT, openHost, stateHashes, World } from '../projections/support.js';
import { countsBelow, describePast, type HistoryCommand, HistoryModel } from './history-model.js';

const names = fc.array(fc.constantFrom('a', 'b', 'ö'), { minLength: 1, maxLength: 3 });
const version = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const command: fc.Arbitrary<HistoryCommand> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), names, bytes: fc.constantFrom(0, 10, 77) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('make' as const), names }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), names }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), names, to: names, replace: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('copy' as const), names, to: names, replace: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('restore' as const),
      names,
      version,
      to: fc.option(names, { nil: undefined }),
      overwrite: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('purge' as const), names, version }) },
);

const RETENTION = { nowMs: NOW_MS, retentionMs: Number.MAX_SAFE_INTEGER / 2 };

function decide(step: HistoryCommand, views: Views, next: LogPosition): Decision {
  const context = { ...contextAt(next), ...RETENTION };
  const { namespace } = views;
  switch (step.do) {
    case 'put':
      return decideCommitFile(
        {
          uploadId: UPLOAD,
          clientId: CLIENT,
          names: step.names,
          sizeBytes: step.bytes,
          mode: 0o644,
          modified: AT,
          extentListIds: [],
          extents: step.bytes === 0 ? [] : [{ offsetBytes: 0, lengthBytes: step.bytes, chunkId: undefined }],
          receipted: new Map(),
          expectedVersion: undefined,
          contentType: '',
          makeParents: true,
        },
        views,
        context,
      );
    case 'make':
      return decideMakeDirectory(
        { names: step.names, mode: 0o755, modified: AT, makeParents: true, existOk: true },
        namespace,
        context,
      );
    case 'remove':
      return decideRemoveEntry({ names: step.names, recursive: true, expectedVersion: undefined }, namespace);
    case 'move':
      return decideMoveEntry({ from: step.names, to: step.to, replace: step.replace, expectedVersion: undefined }, namespace);
    case 'copy':
      return decideCopyEntry(
        {
          from: step.names,
          version: undefined,
          names: step.to,
          replace: step.replace,
          makeParents: true,
          expectedVersion: undefined,
        },
        views,
        context,
      );
    case 'restore':
      return decideRestoreEntry(
        { names: step.names, which: { ...ANY, version: step.version }, to: step.to, overwrite: step.overwrite },
        views,
        context,
      );
    case 'purge':
      return decidePurgeEntry({ names: step.names, version: step.version, recursive: true }, namespace, RETENTION);
  }
}

/** As `describePast` does it, from the rows. */
function describeRows({ namespace }: Views, id: FileId, path = ''): readonly string[] {
  const one = (fileId: FileId, at: string): readonly string[] => {
    const row = namespace.file(fileId);
    if (row?.kind === 'directory') return [`${at}/`, ...describeRows({ namespace } as Views, fileId, at)];
    const versions = namespace.versions(fileId, 0, 100).rows.map(([, each]) => (each.purged ? 'purged' : each.sizeBytes));
    return [`${at} ${versions.join(' ')}`];
  };
  const entries = namespace.entries(id, undefined, 100).rows.flatMap(([[, name], { fileId }]) => one(fileId, `${path}/${name}`));
  const deleted = namespace
    .deletedIn(id, undefined, 100)
    .rows.flatMap(([[, name], { fileId }]) => one(fileId, `${path}/!${name}`));
  return [...entries.toSorted(), ...deleted.toSorted()];
}

test('any history of puts, removals, moves, copies, restores and purges ends as the model says, counts included', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.boolean(), async (steps, tight) => {
      const world = await World.open(tight ? { cacheBytes: 1, dirtyBytes: 1 } : {});
      await world.record(...standing());
      const model = new HistoryModel();
      for (const [index, step] of steps.entries()) {
        const expected = model.do(step);
        const decided = await world.decide((views, next) => decide(step, views, next));
        expect([step, decided.ok]).toEqual([step, expected]);
        if (tight && index % 5 === 0) await world.host.flush();
      }
      const rows = await world.host.run((views) => describeRows(views, ROOT_FILE_ID));
      expect(rows).toEqual(describePast(model.root));
      expect(await world.host.run(({ namespace }) => namespace.file(ROOT_FILE_ID)?.below)).toMatchObject(countsBelow(model.root));
      const replayed = await openHost();
      await replayed.apply(world.chronicle.events);
      expect(await stateHashes(replayed)).toEqual(await stateHashes(world.host));
    }),
    { numRuns: 100 },
  );
});
