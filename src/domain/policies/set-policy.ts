import { CollectiveError, fail, LIMITS, ok } from '../../base/index.js';
import type { Spread } from '../../events/index.js';
import type { NamespaceReader, PoliciesReader } from '../../projections/index.js';
import type { Decision } from '../decision.js';
import { findDirectory, type Names } from '../namespace/lookup.js';

export interface SetPolicy {
  readonly names: Names;
  /** 0: none of its own any more. */
  readonly copies: number;
  /** 0: as many as `copies`. */
  readonly minimumCopies: number;
  readonly spread: Spread;
}

/** For what is put in a folder from now on. What holds already is not recorded again. */
export function decideSetPolicy(
  command: SetPolicy,
  { namespace, policies }: { readonly namespace: NamespaceReader; readonly policies: PoliciesReader },
): Decision {
  const { names, copies, spread } = command;
  const minimumCopies = command.minimumCopies === 0 ? copies : command.minimumCopies;
  if (!Number.isInteger(copies) || copies < 0 || copies > LIMITS.copiesMax) {
    return fail(new CollectiveError('REQUEST_INVALID', `A policy keeps 1 to ${LIMITS.copiesMax} copies, not ${copies}.`));
  }
  if (!Number.isInteger(minimumCopies) || minimumCopies > copies || minimumCopies < Math.min(1, copies)) {
    return fail(
      new CollectiveError('REQUEST_INVALID', `Of ${copies} copies, 1 to ${copies} can be enough, not ${minimumCopies}.`),
    );
  }
  const found = findDirectory(names, namespace);
  if (!found.ok) return found;
  const { fileId: directoryId } = found.value;
  const now = policies.get(directoryId);
  const same = now?.copies === copies && now.minimumCopies === minimumCopies && now.spread === spread;
  if (same || (now === undefined && copies === 0)) return ok([]);
  if (now === undefined && policies.all().length >= LIMITS.policies) {
    return fail(
      new CollectiveError('LIMIT_EXCEEDED', `${LIMITS.policies} folders have policies of their own already.`, {
        next: 'Clear some: collective policy list, then collective policy clear PATH',
      }),
    );
  }
  return ok([{ type: 'PolicySet', directoryId, copies, minimumCopies, spread: copies === 0 ? 'nodes' : spread }]);
}
