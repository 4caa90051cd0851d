import { beforeAll, describe, expect, it } from 'vitest';
import { type Matrix, operationsAt, runMatrix } from '../../../scripts/access-matrix/cells.js';
import { gaps, PORTS } from '../../../scripts/access-matrix/rpcs.js';
import { describeMatrix } from '../../../scripts/access-matrix/table.js';

/** Thousands of handshakes: seconds where there is nothing else to do, minutes on two busy cores. */
const PATIENCE_MS = 600_000;

describe('the access matrix', () => {
  let matrix: Matrix;
  beforeAll(async () => {
    matrix = await runMatrix();
  }, PATIENCE_MS);

  it('holds every rpc of every proto file, the health service, and every frame of the chunk protocol', () => {
    expect(gaps()).toEqual([]);
  });

  it('holds every operation at every port with every credential', () => {
    const { cells, credentials } = matrix;
    const operations = PORTS.reduce((sum, port) => sum + operationsAt(port).length, 0);
    expect(cells).toHaveLength(credentials.length * operations);
    expect(new Set(credentials.map(({ key }) => key)).size).toBe(credentials.length);
  });

  it('only who is meant to gets through, and everybody else is told why, or the log tells', () => {
    const wrong = matrix.cells.filter((cell) => cell.wrong !== undefined);
    expect(
      wrong.map(({ port, credential, operation, wrong: why }) => `${port} ${credential.key} ${operation.name}: ${why}`),
    ).toEqual([]);
    expect(describeMatrix(matrix)).toMatch(/\n\d+ cells, \d+ as intended, 0 wrong$/);
  });

  it('no refusal is a fault of the program', () => {
    expect(matrix.faults).toEqual([]);
  });
});
