import type { ViewHost } from '../../projections/index.js';
import type { Finding } from '../../transport/index.js';

/** Who waits for a person's word. */
export const waitingMembers = (views: ViewHost): Promise<readonly Finding[]> =>
  views.run(({ peers }) =>
    peers
      .all()
      .filter(([, { state }]) => state === 'applied')
      .map(([, { name }]) => ({
        code: 'member-waiting',
        severity: 'notice',
        message: `${name} waits to be admitted.`,
        next: `collective member approve ${name}, or collective member refuse ${name}`,
      })),
  );
