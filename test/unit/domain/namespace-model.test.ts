import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROOT_FILE_ID, type FileId } from '../../../src/base/index.js';
import {
  decideCommitFile,
  decideMakeDirectory,
  decideMakeSymlink,
  decideMoveEntry,
  decideRemoveEntry,
  type Decision,
} from '../../../src/domain/index.js';
import type { LogPosition } from '../../../src/events/index.js';
import type { Views } from '../../../src/projections/index.js';
import { CLIENT, contextAt, standing, UPLOAD } from '../projections/random-log.js';
import { AT, World } from '../projections/support.js';
import { describeModel, TreeModel, type ModelCommand } from './tree-model.js';

const names = fc.array(fc.constantFrom('a', 'b', 'ö'), { minLength: 1, maxLength: 3 });
const command: fc.Arbitrary<ModelCommand> = fc.oneof(
  fc.record({ do: fc.constant('make' as const), names, parents: fc.boolean(), existOk: fc.boolean() }),
  fc.record({ do: fc.constant('commit' as const), names, bytes: fc.constantFrom(0, 10, 77), parents: fc.boolean() }),
  fc.record({ do: fc.constant('symlink' as const), names, target: fc.constantFrom('x', '../y'), replace: fc.boolean() }),
  fc.record({ do: fc.constant('move' as const), names, to: names, replace: fc.boolean() }),
  fc.record({ do: fc.constant('remove' as const), names, recursive: fc.boolean() }),
);

function decide(step: ModelCommand, { namespace, uploads, extents }: Views, next: LogPosition): Decision {
  const context = contextAt(next);
  switch (step.do) {
    case 'make':
      return decideMakeDirectory(
        { names: step.names, mode: 0o755, modified: AT, makeParents: step.parents, existOk: step.existOk },
        namespace,
        context,
      );
    case 'commit': {
      const hole = step.bytes === 0 ? [] : [{ offsetBytes: 0, lengthBytes: step.bytes, chunkId: undefined }];
      return decideCommitFile(
        {
          uploadId: UPLOAD,
          clientId: CLIENT,
          names: step.names,
          sizeBytes: step.bytes,
          mode: 0o644,
          modified: AT,
          extentListIds: [],
          extents: hole,
          receipted: new Map(),
          expectedVersion: undefined,
          contentType: '',
          makeParents: step.parents,
        },
        { namespace, uploads, extents },
        context,
      );
    }
    case 'symlink':
      return decideMakeSymlink(
        { names: step.names, target: step.target, modified: AT, replace: step.replace },
        namespace,
        context,
      );
    case 'move':
      return decideMoveEntry({ from: step.names, to: step.to, replace: step.replace, expectedVersion: undefined }, namespace);
    case 'remove':
      return decideRemoveEntry({ names: step.names, recursive: step.recursive, expectedVersion: undefined }, namespace);
  }
}

function describeTree({ namespace }: Views, id: FileId = ROOT_FILE_ID, path = ''): readonly string[] {
  return namespace.entries(id, undefined, 100).rows.flatMap(([[, name], entry]) => {
    const here = `${path}/${name}`;
    const row = namespace.file(entry.fileId);
    if (row?.kind !== entry.kind || row.removed || namespace.pathOf(entry.fileId)?.join('/') !== here.slice(1))
      return [`${here} is wrong`];
    if (row.kind === 'file') return [`${here} file ${row.version} ${row.sizeBytes}`];
    if (row.kind === 'symlink') return [`${here} -> ${row.symlinkTarget}`];
    return [`${here}/ ${row.childCount}`, ...describeTree({ namespace } as Views, entry.fileId, here)];
  });
}

/** What a row says is below it, counted from the lines of the whole tree. */
function counted(lines: readonly string[]) {
  const files = lines.filter((line) => / file \d+ \d+$/.test(line));
  const bytes = files.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  const symlinks = lines.filter((line) => line.includes(' -> ')).length;
  return { files: files.length, directories: lines.length - files.length - symlinks, symlinks, bytes };
}

test('any sequence of commands does what the model does: the same refusals, the same tree, the same counts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.boolean(), async (steps, tight) => {
      const world = await World.open(tight ? { cacheBytes: 1000 } : {});
      await world.record(...standing());
      const model = new TreeModel();
      for (const [index, step] of steps.entries()) {
        const expected = model.do(step);
        const decided = await world.decide((views, next) => decide(step, views, next));
        expect([step, decided.ok ? undefined : decided.error.code]).toEqual([step, expected]);
        if (tight && index % 5 === 0) await world.host.flush();
      }
      const tree = await world.host.run((views) => describeTree(views));
      expect(tree).toEqual(describeModel(model.root));
      expect(await world.host.run(({ namespace }) => namespace.file(ROOT_FILE_ID)?.below)).toMatchObject(counted(tree));
    }),
    { numRuns: 120 },
  );
});
