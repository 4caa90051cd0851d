import { CollectiveError, LIMITS, toCollectiveError } from '../../../base/index.js';
import type { Timers } from '../../../ports/index.js';
import type { PeerMessage } from '../../../transport/index.js';
import type { Links } from './links.js';
import type { PeerLink } from './peer-link.js';
import { checkCounts, PROTOCOL_VERSION_MIN, protocolError } from './wire.js';

export interface SessionHost {
  readonly links: Links;
  readonly timers: Timers;
  /** Says hello, and how far every log that the peer may have is held here. */
  greet(link: PeerLink): void;
  /** Errors end the session: PROTOCOL_ERROR, ... */
  take(link: PeerLink, message: NonNullable<PeerMessage['message']>): Promise<void>;
}

/** Reads a session to its end, and closes it. `true`: it was taken up. Errors: those of the call, PROTOCOL_ERROR, UNAVAILABLE. */
export async function readSession(
  link: PeerLink,
  incoming: AsyncIterable<PeerMessage>,
  { links, timers, take }: Pick<SessionHost, 'links' | 'timers' | 'take'>,
): Promise<boolean> {
  const late = timers.after(LIMITS.peerHelloMs, () => {
    link.close(new CollectiveError('DEADLINE_EXCEEDED', 'The other coordinator has not said hello in time.'));
  });
  let taken = false;
  let failure = new CollectiveError('UNAVAILABLE', 'The other coordinator ended the session.');
  try {
    for await (const each of incoming) {
      if (link.ended.aborted) break;
      checkCounts(each);
      link.heard(each);
      const { message } = each;
      if (message === undefined) continue;
      if (!taken) {
        if (message.$case !== 'hello') throw protocolError('something before its hello');
        if (message.value.protocolVersion < PROTOCOL_VERSION_MIN) throw protocolError('a protocol that is too old');
        link.greeted(message.value);
        late.cancel();
        taken = links.offer(link);
        if (!taken) break;
        continue;
      }
      await take(link, message);
    }
  } catch (error) {
    failure = toCollectiveError(error, 'UNAVAILABLE');
  } finally {
    late.cancel();
    link.close(failure);
    links.drop(link);
  }
  if (taken) return true;
  throw link.reason;
}
