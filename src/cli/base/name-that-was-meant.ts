import { CollectiveError, isCollectiveError } from '../../base/index.js';
import type { CollectiveClient } from '../../client/index.js';
import { nearest } from '../format/nearest.js';

/** Names of a folder that are looked through. */
const NAMES_MAX = 2000;

/** The error, with the name of a file, folder or node that is there and comes near the one that is not. */
export async function nameThatWasMeant(
  error: CollectiveError,
  client: CollectiveClient,
  signal: AbortSignal,
): Promise<CollectiveError> {
  const { path = pathIn(error.message), node, member, members } = error.details;
  try {
    if (typeof node === 'string') {
      const names = (await client.admin.nodes(signal)).map(({ name }) => name);
      return meaning(error, nearest(node, names));
    }
    if (typeof member === 'string' && Array.isArray(members)) {
      return meaning(
        error,
        nearest(
          member,
          members.map((name) => String(name)),
        ),
      );
    }
    return typeof path === 'string' && REMOTE.test(path) ? meaning(error, await pathMeant(path, client, signal)) : error;
  } catch (failure) {
    // The coordinator is away by now, or this was interrupted: what was found out before is told as it is.
    if (isCollectiveError(failure)) return error;
    throw failure;
  }
}

/** What comes with a file of many tells no details. */
const pathIn = (message: string): string | undefined => /^There is no ((?:[a-z0-9-]+:)?\/.+?)(?:: .*)?\.$/.exec(message)?.[1];

const REMOTE = /^(?:[a-z0-9-]+:)?\//;

async function pathMeant(path: string, client: CollectiveClient, signal: AbortSignal): Promise<string | undefined> {
  const [root = '/'] = REMOTE.exec(path) ?? [];
  const names = path
    .slice(root.length)
    .split('/')
    .filter((name) => name !== '');
  for (let depth = names.length - 1; depth >= 0; depth -= 1) {
    const folder = `${root}${names.slice(0, depth).join('/')}`;
    const there = await namesIn(folder, client, signal);
    if (there === undefined) continue;
    const meant = nearest(names[depth] ?? '', there);
    return meant === undefined ? undefined : `${root}${[...names.slice(0, depth), meant, ...names.slice(depth + 1)].join('/')}`;
  }
  return undefined;
}

/** Why a folder may not be looked into: a parent of it is asked then. */
const ELSEWHERE: ReadonlySet<string> = new Set(['NOT_FOUND', 'NOT_A_DIRECTORY', 'PERMISSION_DENIED']);

/** Undefined for a folder that does not exist, or is not shown. */
async function namesIn(folder: string, client: CollectiveClient, signal: AbortSignal): Promise<readonly string[] | undefined> {
  const names: string[] = [];
  try {
    for await (const { name } of client.list(folder, signal)) {
      names.push(name);
      if (names.length >= NAMES_MAX) break;
    }
  } catch (error) {
    if (isCollectiveError(error) && ELSEWHERE.has(error.code)) return undefined;
    throw error;
  }
  return names;
}

function meaning(error: CollectiveError, meant: string | undefined): CollectiveError {
  if (meant === undefined) return error;
  const { code, message, details, next } = error;
  const look = next === undefined ? '' : ` ${next}`;
  return new CollectiveError(code, message, {
    next: `Did you mean ${meant}?${look}`,
    details: { ...details, suggestion: meant },
    cause: error,
  });
}
