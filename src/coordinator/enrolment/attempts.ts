import { type InviteId, LIMITS } from '../../base/index.js';
import type { Clock } from '../../ports/index.js';

const WINDOW_MS = 60_000;
const GROUPS = 8;

interface Attempt {
  readonly address: string;
  readonly atMs: number;
}

/**
 * How often the enrolment port was tried in vain: within a minute, by each address (of IPv6: each network of 64
 * bits) and in all; and with a wrong proof, for each
 * invite. An attempt counts until it has succeeded, so that joining many machines at once is nobody's attack, and a stranger who
 * knocks all day keeps only others of the same address out.
 */
export class EnrolmentAttempts {
  readonly #clock: Clock;
  #recent: Attempt[] = [];
  readonly #wrong = new Map<InviteId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when there were too many within the last minute. */
  admit(from: string): boolean {
    const address = networkOf(from);
    const nowMs = this.#clock.monotonicMs();
    this.#recent = this.#recent.filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
    const fromThere = this.#recent.filter((attempt) => attempt.address === address).length;
    if (this.#recent.length >= LIMITS.failedEnrolments || fromThere >= LIMITS.failedEnrolmentsPerAddress) return false;
    this.#recent.push({ address, atMs: nowMs });
    return true;
  }

  /** One that was admitted from there was not in vain. */
  succeeded(from: string): void {
    const address = networkOf(from);
    const index = this.#recent.findIndex((attempt) => attempt.address === address);
    if (index >= 0) this.#recent.splice(index, 1);
  }

  /** Counts a wrong proof for an invite that exists (so the number of rows is bounded). True: it was one too many. */
  wrong(inviteId: InviteId): boolean {
    const count = (this.#wrong.get(inviteId) ?? 0) + 1;
    if (count < LIMITS.inviteWrongTries) this.#wrong.set(inviteId, count);
    else this.#wrong.delete(inviteId);
    return count >= LIMITS.inviteWrongTries;
  }
}

/** Of an IPv6 address, its first 64 bits: whoever has one address of such a network has all of them. Any other text is kept. */
export function networkOf(address: string): string {
  const bare = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  const mapped = /^::ffff:([0-9]+(?:\.[0-9]+){3})$/i.exec(bare);
  if (mapped !== null) return mapped[1] ?? bare;
  if (!bare.includes(':')) return bare;
  const [before = '', after] = bare.split('::', 2);
  const left = groupsOf(before);
  const right = after === undefined ? [] : groupsOf(after);
  const zeros = after === undefined ? 0 : Math.max(0, GROUPS - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right].slice(0, GROUPS / 2);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** An IPv4 address at the end stands for two groups. */
const groupsOf = (text: string): string[] =>
  text.split(':').flatMap((group) => (group === '' ? [] : group.includes('.') ? ['0', '0'] : [group]));
