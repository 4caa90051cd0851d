import { CollectiveError, type MemberId } from '../../../base/index.js';
import { notAdmittedAs, type PeerPool } from '../../../identity/index.js';
import type { Head } from '../../../events/index.js';
import type { PeerLink } from './peer-link.js';

/** Told of sessions; neither throws. */
export interface LinksHost {
  opened(link: PeerLink): void;
  closed(link: PeerLink): void;
}

/** The open sessions: one for each member. Where two were dialled at once, the one that the lower member id dialled is kept. */
export class Links {
  readonly #own: MemberId;
  readonly #host: LinksHost;
  readonly #links = new Map<MemberId, PeerLink>();

  constructor(own: MemberId, host: LinksHost) {
    this.#own = own;
    this.#host = host;
  }

  get(memberId: MemberId): PeerLink | undefined {
    return this.#links.get(memberId);
  }

  all(): readonly PeerLink[] {
    return [...this.#links.values()];
  }

  /** How far each holds a log, by its own word. */
  headsOf(origin: MemberId): ReadonlyMap<MemberId, Head> {
    const heads = this.all().map((link) => [link.memberId, link.heads.get(origin)] as const);
    return new Map(heads.filter((each): each is readonly [MemberId, Head] => each[1] !== undefined));
  }

  /** A session whose hello has come is taken up, or closed. */
  offer(link: PeerLink): boolean {
    const before = this.#links.get(link.memberId);
    if (before !== undefined && !this.#takesOver(link, before)) {
      link.close(new CollectiveError('UNAVAILABLE', 'There is a session with this member already.'));
      return false;
    }
    before?.close(new CollectiveError('UNAVAILABLE', 'A newer session with this member has taken over.'));
    if (before !== undefined) this.#host.closed(before);
    this.#links.set(link.memberId, link);
    this.#host.opened(link);
    return true;
  }

  /** It has ended. */
  drop(link: PeerLink): void {
    if (this.#links.get(link.memberId) !== link) return;
    this.#links.delete(link.memberId);
    this.#host.closed(link);
  }

  /** Ends the sessions that match. */
  cut(matches: (link: PeerLink) => boolean, reason: CollectiveError): void {
    for (const link of this.all()) {
      if (!matches(link)) continue;
      link.close(reason);
      this.drop(link);
    }
  }

  #takesOver(link: PeerLink, before: PeerLink): boolean {
    if (before.ended.aborted || before.hello?.bootId !== link.hello?.bootId) return true;
    const lowerDialled = (each: PeerLink): boolean => each.dialledHere === this.#own < each.memberId;
    return lowerDialled(link) || !lowerDialled(before);
  }
}

/** What a member is told whose session ends since it is not admitted any more. */
export function whyCut(peers: PeerPool, memberId: MemberId): CollectiveError {
  const outside = peers.outside?.(memberId);
  if (outside !== undefined) return notAdmittedAs(outside);
  return new CollectiveError('PERMISSION_DENIED', 'You are not admitted here any more.');
}
