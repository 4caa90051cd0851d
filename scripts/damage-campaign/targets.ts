import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Target {
  /** Which kind of file it is, for the table. */
  readonly kind: string;
  readonly path: string;
}

/** The first pattern that a path below the data matches says what it is; what matches none is not touched. */
const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['not touched', /\/(lock|lock-holder)(\/|$)|^\/(logs|home|cache|passphrase)|\/LOG(\.old)?$|\/LOCK$/],
  ['log: segment', /\/coordinator\/log\/[^/]+\/[0-9]+\.segment$/],
  ['log: HEAD', /\/coordinator\/log\/[^/]+\/HEAD\.[01]$/],
  ['log: IDENTITY', /\/coordinator\/log\/[^/]+\/IDENTITY$/],
  ['log: KEYS', /\/coordinator\/log\/[^/]+\/KEYS$/],
  ['views: database', /\/coordinator\/views\//],
  ['coordinator: settings', /\/coordinator\/[^/]+\.json$/],
  ['coordinator: keys', /\/coordinator\/keys\//],
  ['node: credentials', /\/node-[0-9]+\/keys\//],
  ['coordinator: certificates', /\/coordinator\/certificates\//],
  ['coordinator: other', /\/coordinator\//],
  ['node: witness copy', /\/node-[0-9]+\/(?:store\/)?witness\//],
  ['node: chunk file', /\/node-[0-9]+\/store\/chunks\//],
  ['node: pack', /\/node-[0-9]+\/store\/packs\//],
  ['node: journal', /\/node-[0-9]+\/store\/journal/],
  ['node: index', /\/node-[0-9]+\/store\/index/],
  ['node: store, other', /\/node-[0-9]+\/store\//],
  ['node: settings', /\/node-[0-9]+\/[^/]+\.json$/],
  ['node: other', /\/node-[0-9]+\//],
  ['client: context', /^\/config\//],
];

/** All files below the data, by kind, in a fixed order. */
export async function targetsIn(live: string): Promise<ReadonlyMap<string, readonly Target[]>> {
  const found = new Map<string, Target[]>();
  const entries = await readdir(live, { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    const name = path.slice(live.length);
    const [kind] = KINDS.find(([, pattern]) => pattern.test(name)) ?? ['not touched'];
    if (kind === 'not touched') continue;
    found.set(kind, [...(found.get(kind) ?? []), { kind, path }]);
  }
  return found;
}
