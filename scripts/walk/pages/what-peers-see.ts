import { type Chapter, text } from '../steps.js';

export const whatPeersSee: Chapter = {
  title: 'What peers can see',
  steps: [
    text(
      'A peer is given **the whole log** of each member that admits it, and keeps it. Contents of files are not in the log; nearly ' +
        'everything about them is. Admit only whom you would let read the following.',
    ),
    text(
      [
        '| | a member that you admit | a member that you granted `read` on a folder | a member that keeps copies for you |',
        '|---|---|---|---|',
        '| names of all files and folders, sizes, times, permissions, link targets; every version, everything that was deleted | yes | yes | yes |',
        '| which chunks a file is made of, their hashes and lengths, and which node or member keeps them | yes | yes | yes |',
        '| names and ids of your clients and nodes, their addresses, when they came and went, which client did what and when | yes | yes | yes |',
        '| whom you admitted, suspended or removed and why (`--note`), your grants, pledges and policies | yes | yes | yes |',
        '| contents of files | no | those below the folder, while the grant holds | **those that it keeps: chunks are not encrypted** |',
        '| your keys, passphrases, invites and tickets | no | no | no |',
      ].join('\n'),
    ),
    text(
      [
        '- **Chunks are named by the hash of their content.** Who has a file can tell from your log whether you have it too.',
        '- **Friends of friends.** Whom a member that you admitted admits is admitted by you as well, unless your settings say ' +
          '`"introductions": "ask"`: they get your log too.',
        '- **What was given cannot be taken back.** A member that you suspend or remove gets nothing new from you, nor from others, who give ' +
          'your log only to whom you admit. It keeps what it has.',
        '- **A grant is checked where the data is**: by your coordinator for names and places, by your nodes for bytes, which ask for a ticket that ' +
          'your coordinator signed for that one client. Knowing paths and chunk ids from the log gets nobody a byte. ' +
          'While your coordinator is away, members that ' +
          'keep copies for you give them to whom you have granted the file, by what they know of your log: a ' +
          'grant that you take back meanwhile ends there once they hear of it.',
        '- **Who keeps copies for you** can read them, count them, and lose them; what comes back is checked against its hash, so it cannot be ' +
          'altered unnoticed. Keep to folders that you would show them, or encrypt before you put.',
        '- **You see the same of them.** Bytes stored and moved with another member, the round trip, and when its coordinator is reachable are ' +
          'seen by both ends, as is who talks to whom by anybody on the way.',
      ].join('\n'),
    ),
  ],
};
