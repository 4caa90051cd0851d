import type { FileId } from '../../base/index.js';
import type { Spread } from '../../events/index.js';
import type { NamespaceReader, PoliciesReader, PolicyRow } from '../../projections/index.js';
import { type Names, showPath } from '../namespace/lookup.js';
import type { CopiesPolicy } from '../uploads/copies-policy.js';
import type { PolicyPlace } from './outlook.js';

/** How many copies there are to be of something, how many are enough for now, and where. */
export interface Policy {
  readonly copies: number;
  /** At most `copies`. */
  readonly minimumCopies: number;
  readonly spread: Spread;
}

export interface PolicyAt extends Policy {
  /** The folder that says so. */
  readonly directoryId: FileId;
}

interface PolicyViews {
  readonly namespace: NamespaceReader;
  readonly policies: PoliciesReader;
}

/** What the nearest folder above a path (or at it) that has a policy says; undefined: none has. The path need not exist yet. */
export function policyFor(names: Names, { namespace, policies }: PolicyViews): PolicyAt | undefined {
  for (const directoryId of namespace.walk(names).trail.toReversed()) {
    const row = policies.get(directoryId);
    if (row !== undefined) return { directoryId, ...policyOf(row) };
  }
  return undefined;
}

/**
 * The policy for all that is put at a path and below it at once: of the one above it and those in it, the most copies, the most
 * that have to be there, and members before nodes. So no folder gets less than its own policy says.
 */
export function policyForTree(names: Names, views: PolicyViews, fallback: Policy): Policy {
  const above: Policy = policyFor(names, views) ?? fallback;
  const within = views.policies.all().flatMap(([directoryId, row]) => {
    const path = views.namespace.pathOf(directoryId);
    return path !== undefined && names.every((name, index) => path[index] === name) ? [policyOf(row)] : [];
  });
  return [above, ...within].reduce(stricter);
}

/** Every policy that holds somewhere, first the one for what no folder says anything about: of the root, else these settings. */
export function policyPlaces(settings: CopiesPolicy, { namespace, policies }: PolicyViews): readonly PolicyPlace[] {
  const places = policies.all().flatMap(([directoryId, row]): PolicyPlace[] => {
    const names = namespace.pathOf(directoryId);
    return names === undefined ? [] : [{ ...policyOf(row), path: showPath(names), where: ` in ${showPath(names)}` }];
  });
  const below = places.filter(({ path }) => path !== '/');
  const top = places.find(({ path }) => path === '/') ?? { ...ofSettings(settings), path: '/' };
  return [{ ...top, where: below.length === 0 ? '' : ' in folders without a policy of their own' }, ...below];
}

const ofSettings = ({ wanted, minimum }: CopiesPolicy): Policy => ({ copies: wanted, minimumCopies: minimum, spread: 'nodes' });

const policyOf = ({ copies, minimumCopies, spread }: PolicyRow): Policy => ({ copies, minimumCopies, spread });

const stricter = (one: Policy, other: Policy): Policy => ({
  copies: Math.max(one.copies, other.copies),
  minimumCopies: Math.max(one.minimumCopies, other.minimumCopies),
  spread: one.spread === 'members' || other.spread === 'members' ? 'members' : 'nodes',
});
