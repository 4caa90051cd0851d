import { describe, expect, it } from 'vitest';
import { syncSides } from '../../../src/cli/base/sync-sides.js';

const sides = (source: string, destination: string): string => {
  const { direction, localPath, remotePath } = syncSides(source, destination, 'alice');
  return `${direction} ${localPath} ${remotePath}`;
};

describe('which side of a sync is in the tree', () => {
  it.each([
    ['photos', '/photos', 'to-remote photos /photos'],
    ['/photos', './photos', 'to-local ./photos /photos'],
    ['/home/me/photos', ':/photos', 'to-remote /home/me/photos /photos'],
    [':/photos', '/home/me/photos', 'to-local /home/me/photos /photos'],
    ['alice:/photos', '.', 'to-local . /photos'],
    ['.', 'bob:/photos', 'to-remote . bob:/photos'],
    ['.', 'bob.at_home:/photos', 'to-remote . bob.at_home:/photos'],
    ['C:\\photos', '/photos', 'to-remote C:\\photos /photos'],
    ['.', ':/', 'to-remote . /'],
    ['./bob:photos', '/photos', 'to-remote ./bob:photos /photos'],
  ])('%s to %s: %s', (source, destination, expected) => {
    expect(sides(source, destination)).toBe(expected);
  });

  it.each([
    ['/home/me/photos', '/photos'],
    ['photos', 'copy'],
    [':/a', ':/b'],
    ['alice:/a', 'bob:/b'],
    ['/photos', 'bob:photos'],
    ['bob:', '/photos'],
    [':photos', 'photos'],
  ])('is not guessed where it could be either: %s and %s', (source, destination) => {
    expect(() => sides(source, destination)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
