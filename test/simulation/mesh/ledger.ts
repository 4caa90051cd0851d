import { equalBytes, type MemberId, toHex } from '../../../src/base/index.js';
import { BODY_OFFSET } from '../../../src/events/chain/index.js';
import type { ParsedBlock } from '../../../src/events/index.js';
import type { SimFileSystem } from '../ports/index.js';
import { holds } from '../system/violation.js';
import { DiskLog } from './disk-log.js';

interface Holder {
  readonly name: string;
  readonly disk: () => SimFileSystem;
}

/** What was told to somebody as done: where it is, and which event it is. */
interface Told {
  readonly sequence: number;
  readonly eventHash: string;
}

/**
 * All that disks hold of all logs for certain, held against each other at every moment that a HEAD names something new: nothing
 * leaves its owner before it is durable there, nobody holds two logs of one honest member, nothing acknowledged becomes another.
 */
export class Ledger {
  readonly #holders: ReadonlyMap<MemberId, Holder>;
  readonly #logs = new Map<string, DiskLog>();
  /** What was signed of all blocks that were durable at their owner at some time. */
  readonly #made = new Map<MemberId, Set<string>>();
  /** By the first sequence: the block that somebody else holds, or was told of. */
  readonly #published = new Map<MemberId, Map<number, string>>();
  readonly #told = new Map<MemberId, Told[]>();
  /** Logs whose owners sign what they like. */
  readonly dishonest = new Set<MemberId>();
  /** Owners whose disk is an old one, until all that was acknowledged is back on it. */
  readonly setBack = new Set<MemberId>();

  constructor(holders: ReadonlyMap<MemberId, Holder>) {
    this.#holders = holders;
  }

  log(holder: MemberId, origin: MemberId): DiskLog {
    const name = `${holder} ${origin}`;
    const known = this.#logs.get(name) ?? new DiskLog(this.#holders.get(holder)?.name ?? '?', origin);
    this.#logs.set(name, known);
    return known;
  }

  /** Another disk was put into this member's machine. */
  replaced(holder: MemberId): void {
    for (const origin of this.#holders.keys()) this.log(holder, origin).restart();
    if (this.#lastTold(holder) > 0) this.setBack.add(holder);
  }

  /** Takes in what is durable on one member's disk. */
  read(holder: MemberId): void {
    for (const origin of this.#holders.keys()) this.readOne(holder, origin);
  }

  readOne(holder: MemberId, origin: MemberId): void {
    const disk = this.#holders.get(holder)?.disk();
    if (disk === undefined || this.dishonest.has(holder)) return;
    // What a dishonest owner has signed is for the proofs at the end.
    if (this.dishonest.has(origin)) return;
    const log = this.log(holder, origin);
    for (const block of log.read(disk)) {
      if (holder === origin) this.#own(origin, block);
      else this.#foreign(holder, origin, block);
    }
    if (holder === origin) this.#checkTold(origin);
  }

  /** Somebody was told that this event is done. Its owner's disk must hold it by now. */
  acknowledged(origin: MemberId, sequence: number): void {
    const block = this.#blockAt(origin, sequence);
    holds(block !== undefined, `event ${sequence} of ${this.#nameOf(origin)} was acknowledged, and its disk does not hold it`);
    const told = this.#told.get(origin) ?? [];
    told.push({ sequence, eventHash: toHex(block.headerHash) });
    this.#told.set(origin, told);
    this.#publish(origin, block);
  }

  /** The others whose disks hold something of this member's log. */
  holdersOf(origin: MemberId): readonly MemberId[] {
    return [...this.#holders.keys()].filter((holder) => holder !== origin && this.log(holder, origin).sequence > 0);
  }

  /** Whether one of them holds everything of this member's log that was acknowledged, or is anywhere else. */
  holdsAll(holders: readonly MemberId[], origin: MemberId): boolean {
    const last = Math.max(this.#lastTold(origin), ...this.holdersOf(origin).map((holder) => this.log(holder, origin).sequence));
    return holders.some((holder) => this.log(holder, origin).sequence >= last);
  }

  /** The newest event that somebody was told of. */
  #lastTold(origin: MemberId): number {
    return Math.max(0, ...(this.#told.get(origin) ?? []).map(({ sequence }) => sequence));
  }

  #blockAt(origin: MemberId, sequence: number): ParsedBlock | undefined {
    const { blocks } = this.log(origin, origin);
    return blocks.find(({ header, lastSequence }) => header.firstSequence <= sequence && sequence <= lastSequence);
  }

  #own(origin: MemberId, block: ParsedBlock): void {
    const made = this.#made.get(origin) ?? new Set<string>();
    made.add(signedPart(block));
    this.#made.set(origin, made);
    this.#compare(origin, block, 'its owner');
  }

  #foreign(holder: MemberId, origin: MemberId, block: ParsedBlock): void {
    const at = `event ${block.header.firstSequence} of ${this.#nameOf(origin)}`;
    holds(
      this.#made.get(origin)?.has(signedPart(block)) === true,
      `${at} is at ${this.#nameOf(holder)}, and was never durable at its owner`,
    );
    this.#compare(origin, block, this.#nameOf(holder));
    this.#publish(origin, block);
  }

  /** What an old disk lacks and nobody else holds may be written anew; everything else may not. */
  #compare(origin: MemberId, block: ParsedBlock, where: string): void {
    const { firstSequence } = block.header;
    for (const [first, hash] of this.#published.get(origin) ?? []) {
      if (first > block.lastSequence || first < firstSequence) continue;
      const same = first === firstSequence && hash === toHex(block.headerHash);
      holds(same, `event ${first} of ${this.#nameOf(origin)} is another one at ${where} than was published: the log has forked`);
    }
  }

  #publish(origin: MemberId, block: ParsedBlock): void {
    const published = this.#published.get(origin) ?? new Map<number, string>();
    published.set(block.header.firstSequence, toHex(block.headerHash));
    this.#published.set(origin, published);
  }

  #checkTold(origin: MemberId): void {
    const { sequence } = this.log(origin, origin);
    const last = this.#lastTold(origin);
    if (sequence >= last) this.setBack.delete(origin);
    else holds(this.setBack.has(origin), `${this.#nameOf(origin)} acknowledged event ${last}, and its log ends at ${sequence}`);
  }

  /** That everything acknowledged is on this disk. */
  checkHeld(holder: MemberId, origin: MemberId): void {
    const { blocks, sequence } = this.log(holder, origin);
    const where = `the log of ${this.#nameOf(origin)} at ${this.#nameOf(holder)}`;
    for (const told of this.#told.get(origin) ?? []) {
      holds(told.sequence <= sequence, `event ${told.sequence} was acknowledged, and ${where} ends at ${sequence}`);
      const block = blocks.find(({ lastSequence }) => lastSequence >= told.sequence);
      const same = block !== undefined && toHex(block.headerHash) === told.eventHash;
      holds(same, `event ${told.sequence} was acknowledged, and is another one in ${where}`);
    }
  }

  #nameOf(memberId: MemberId): string {
    return this.#holders.get(memberId)?.name ?? memberId.slice(0, 8);
  }
}

export const sameHead = (left: DiskLog, right: DiskLog): boolean => {
  const [one, other] = [left.blocks.at(-1), right.blocks.at(-1)];
  if (one === undefined || other === undefined) return one === other;
  return equalBytes(one.headerHash, other.headerHash);
};

/** Header and signature, which every copy has as they were made: blocks travel as the bytes that were signed. */
const signedPart = ({ bytes }: ParsedBlock): string => toHex(bytes.subarray(0, BODY_OFFSET));
