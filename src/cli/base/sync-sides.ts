import { CollectiveError } from '../../base/index.js';
import type { SyncRequest } from '../../client/index.js';

type Sides = Pick<SyncRequest, 'direction' | 'localPath' | 'remotePath'>;

/**
 * Which of two paths is in the member's tree: the one with a colon in front (`:/photos`, or with the member's name:
 * `alice:/photos`) or that of another member; where there is none, the one that begins with a slash while the other does not.
 * Never a guess: error USAGE.
 */
export function syncSides(source: string, destination: string, memberName: string): Sides {
  for (const path of [source, destination]) refuseWithoutSlash(path);
  const [from, to] = [markedPath(source, memberName), markedPath(destination, memberName)];
  if (from !== undefined && to !== undefined) {
    throw new CollectiveError('USAGE', 'Both paths are in trees of members; sync goes between this machine and a tree.', {
      next: 'Copy within your tree with: collective cp',
    });
  }
  if (to !== undefined) return { direction: 'to-remote', localPath: source, remotePath: to };
  if (from !== undefined) return { direction: 'to-local', localPath: destination, remotePath: from };
  const [fromSlash, toSlash] = [source.startsWith('/'), destination.startsWith('/')];
  if (fromSlash && toSlash) {
    throw new CollectiveError('USAGE', `${source} and ${destination} could both be on this machine or in your tree.`, {
      next: `Write a colon before the one in your tree, such as: collective sync ${source} :${destination}`,
    });
  }
  if (!fromSlash && !toSlash) {
    throw new CollectiveError('USAGE', `Neither ${source} nor ${destination} is in your tree: paths there begin with a slash.`, {
      next: `Such as: collective sync ${source} /${destination.replace(/^[./]+/, '')}`,
    });
  }
  return toSlash
    ? { direction: 'to-remote', localPath: source, remotePath: destination }
    : { direction: 'to-local', localPath: destination, remotePath: source };
}

/** `bob:photos` is meant for the tree of bob, and would be a folder of that name on this machine. */
function refuseWithoutSlash(text: string): void {
  const match = /^([a-z0-9][a-z0-9._-]*)?:(?![/\\])(.*)$/s.exec(text);
  if (match === null) return;
  const [, member = '', rest] = match;
  throw new CollectiveError('USAGE', `${text} has no slash behind the colon, and paths in trees begin with one.`, {
    next: `Write ${member}:/${rest}; or ./${text} for what is called so on this machine.`,
  });
}

/** The path behind the colon; a local path of that look is written `./alice:/photos`. */
function markedPath(text: string, memberName: string): string | undefined {
  const match = /^([a-z0-9][a-z0-9._-]*)?:(\/.*)$/s.exec(text);
  if (match === null) return undefined;
  const [, member, path] = match;
  // Another member's tree is named with the member.
  return member === undefined || member === memberName ? path : text;
}
