/** A name that cannot play tricks on a terminal: no control characters, nothing that turns the direction of writing. */
export const printable = (name: string): string =>
  name.replace(TRICKS, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);

const TRICKS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
