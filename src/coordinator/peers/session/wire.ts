import { CollectiveError, isMemberId, LIMITS, type MemberId } from '../../../base/index.js';
import type { Head } from '../../../events/index.js';
import type { StateMark } from '../../../sync/index.js';
import type { PeerHead, PeerMessage, PeerStateMark } from '../../../transport/index.js';

export const PROTOCOL_VERSION = 2;
export const PROTOCOL_VERSION_MIN = 1;
/** From here on whoever dialled a session takes calls over it. */
export const PROTOCOL_VERSION_ASKED = 2;
const HASH_BYTES = 32;
const VIEWS_A_MARK = 64;
const NAME_CHARACTERS = 64;

/** Error: PROTOCOL_ERROR. */
export function headOf({ origin, epoch, sequence, headerHash }: PeerHead): Head {
  if (!isMemberId(origin) || epoch < 1 || headerHash.length !== HASH_BYTES) throw protocolError('a head that is none');
  return { origin, epoch, sequence, headerHash };
}

export const wireHead = ({ origin, epoch, sequence, headerHash }: Head): PeerHead => ({ origin, epoch, sequence, headerHash });

/** Error: PROTOCOL_ERROR. */
export function memberIdOf(text: string): MemberId {
  if (isMemberId(text)) return text;
  throw protocolError('a log that is none');
}

/** Error: PROTOCOL_ERROR. */
export function markOf({ origin, epoch, sequence, views }: PeerStateMark): StateMark {
  if (views.length > VIEWS_A_MARK || views.some(({ name }) => name.length > NAME_CHARACTERS))
    throw protocolError('too many views');
  return { origin: memberIdOf(origin), position: { epoch, sequence }, views };
}

export const wireMark = ({ origin, position, views }: StateMark): PeerStateMark => ({ origin, ...position, views: [...views] });

/** Bytes of what takes any room in it. */
export function bytesOfMessage({ message }: PeerMessage): number {
  switch (message?.$case) {
    case 'blocks':
      return message.value.blocks.reduce((sum, { length }) => sum + length + 4, 64);
    case 'fork':
      return message.value.held.length + message.value.other.length + 64;
    case 'frontier':
      return message.value.heads.length * HEAD_BYTES + 4;
    case 'states':
      return message.value.marks.reduce((sum, { views }) => sum + 64 + views.length * VIEW_BYTES, 4);
    default:
      return 16;
  }
}

const HEAD_BYTES = 100;
const VIEW_BYTES = 50;

export const protocolError = (what: string): CollectiveError =>
  new CollectiveError('PROTOCOL_ERROR', `The other coordinator told of ${what}.`, {
    next: 'Use the same version of Collective at both ends.',
  });

/** Error: PROTOCOL_ERROR. */
export function checkCounts({ message }: PeerMessage): void {
  if (message?.$case === 'frontier' && message.value.heads.length > LIMITS.foreignLogs) throw protocolError('too many logs');
  if (message?.$case !== 'hello') return;
  const { bootId, softwareVersion, endpoints } = message.value;
  // They are kept for as long as the session, the version for longer.
  if (Math.max(bootId.length, softwareVersion.length) > NAME_CHARACTERS || endpoints.length > LIMITS.endpointsPerDaemon)
    throw protocolError('itself at too great length');
}
