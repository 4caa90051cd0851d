import { CollectiveError } from '../../base/index.js';
import { standingIn } from '../../identity/index.js';

/** What a member's coordinator has answered, by the name it has here, where it does not let this one in. */
export function notAdmittedThere(name: string, error: CollectiveError): CollectiveError | undefined {
  const there = standingIn(error);
  if (there === undefined) return undefined;
  const { standing, sinceMs } = there;
  const how = standing === 'applied' ? 'you wait there to be approved' : `you are ${standing} there`;
  return new CollectiveError('NOT_ADMITTED', `${name} does not admit you: ${how}.`, {
    next: `Talk with the people of ${name}; collective peer list shows since when.`,
    details: { member: name, standing, sinceMs },
    cause: error,
  });
}
