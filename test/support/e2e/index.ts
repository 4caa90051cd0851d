export { ENTRY, FETCHED, jsonOf, LISTING, REFUSAL, STATUS, STORED, WRITTEN, type Status } from './answers.js';
export { befriend, MEMBERS, PEERS, type Peers, peersOf, untilInStep } from './friends.js';
export { contentOf, contentPieces, digestOf, digestOfFile, writeContent } from './content.js';
export { chunkFileIn, chunkIdsOf, damages, findInPacks, flipBit, packsIn } from './node-store.js';
export { LoopDisk } from './loop-disk.js';
export { treeDifferences } from './snapshot.js';
export { findingCodes, isWell, World } from './world.js';
