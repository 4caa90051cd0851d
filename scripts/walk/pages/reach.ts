import { type Chapter, text } from '../steps.js';

export const reach: Chapter = {
  title: 'When one side cannot be dialled',
  steps: [
    text(
      'A coordinator behind a home router that forwards nothing can dial the others, and cannot be dialled. It needs no setting: where dialling it fails, the' +
        " others ask it over the session that it has dialled, and it answers there. One of two has to be reachable; of the others' ports, 7422 is the" +
        ' one that counts.',
    ),
    text(
      [
        '| bob cannot be dialled, alice can | |',
        '|---|---|',
        "| both have each other's logs, also what was written while the link was down; forks, epochs, state hashes, introductions | works, as long as bob's session with alice stands |",
        '| `collective ls alice:/...`, `get`, `put` and all else that bob does with alice | works |',
        "| `collective ls bob:/...`, `tree`, `find`, `mkdir`, `mv`, `rm` by alice, where granted | works over bob's session; without one, what reads is answered by what alice's coordinator keeps of bob's log, with a warning that says as of when, and changes are refused: `COORDINATOR_UNREACHABLE` |",
        "| bob's copies with alice (`policy`, `pledge`), and reading them | works: bob's clients dial alice's nodes |",
        "| `collective get bob:/...`, `put` by alice, and alice's copies with bob | **needs bob's nodes**: clients dial nodes, so a port of each (7430, ...) has to be forwarded; 7420 to 7422 need not be. Else `get` and `put` fail after 10 and 30 s (`CHUNK_UNAVAILABLE`, `NODE_UNREACHABLE`), and a `put` of alice's that counts on bob's pledge is 10 s slower and stores on her own nodes instead |",
        "| bob as witness of alice's log, alice as witness of bob's | works |",
        '| bob recovers from alice | works: he dials |',
        '| alice recovers from bob | not from bob alone: who recovers dials. From other members, her nodes, or once her coordinator runs again |',
        "| bob accepts an invite of alice's | works |",
        "| alice accepts an invite of bob's | not: who accepts dials the port for invites (7421). Let bob accept one of hers |",
        '| bob replaces his CA (`coordinator rotate`) while he has no session with alice | she hears of it only from others who have both logs, within seconds; where there is nobody else, the two never meet again. Rotate while connected |',
        '| carol cannot be dialled either | bob and carol have no session: their logs come by alice, and trees can be read as far as those tell; calls and copies between them do not work |',
      ].join('\n'),
    ),
  ],
};
