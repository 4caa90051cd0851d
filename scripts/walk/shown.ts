/** What stands for member ids, in the order in which they are seen. */
const MEMBER_IDS = [
  'odxxzx2nsbx47x7yrfrap5tn73paftwe2cqkkwwmpnpwg5cwhxfa',
  'b2zq6hwtkfn4mxlsuo3vdcr7yeagp5jikxo4tw2n6lbqhfumzsva',
  'kl7vn3ojgtq2uxbwe4rmfpzchd6sya5iotn7xqjl2vgkewbrumhq',
] as const;
/** A member id, and what commands show of one: its first 8, 16 or 24 characters, these in groups of four too. */
const MEMBER_ID = /\b[a-z2-7]{52}\b/g;

/** What was printed, without what only this machine and this run have. */
export class Shown {
  readonly #replacements = new Map<string, string>();
  readonly #memberIds = new Map<string, string>();

  /** `real` is shown as `shown` from now on. */
  replace(real: string, shown: string): void {
    this.#replacements.set(real, shown);
  }

  text(printed: string): string {
    for (const id of printed.match(MEMBER_ID) ?? []) this.#meet(id);
    let plain = printed;
    for (const [real, shown] of this.#replacements) plain = plain.replaceAll(real, shown);
    for (const [real, shown] of this.#memberIds) {
      plain = plain.replaceAll(real, shown).replaceAll(inFours(real), inFours(shown));
      for (const length of [24, 16, 8]) plain = plain.replaceAll(real.slice(0, length), shown.slice(0, length));
    }
    return plain
      .replaceAll(/\bcollective1(node|client|member)[a-z2-7]{20,}/g, 'collective1$1aeb...')
      .replaceAll(/\(pid [0-9]+\)/g, '(pid 4711)')
      .trimEnd();
  }

  #meet(id: string): void {
    if (this.#memberIds.has(id)) return;
    const shown = MEMBER_IDS[this.#memberIds.size];
    if (shown === undefined) throw new Error(`more than ${MEMBER_IDS.length} member ids were printed`);
    this.#memberIds.set(id, shown);
  }
}

const inFours = (id: string): string => (id.slice(0, 24).match(/.{4}/g) ?? []).join(' ');
