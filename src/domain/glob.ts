/**
 * Whether a name matches a pattern: `*` any characters, `?` one, `[abc]` and `[a-z]` one of some, `[!a]` none of some, `\` takes
 * the next one as it is. One position to go back to is enough, so it takes at most name times pattern steps.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const tokens = tokensOf(pattern);
  const characters = [...name];
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < characters.length) {
    const next = tokens[token];
    if (next === 'any') {
      starToken = token;
      starAt = at;
      token += 1;
    } else if (next?.(characters[at] ?? '') === true) {
      token += 1;
      at += 1;
    } else if (starToken >= 0) {
      starAt += 1;
      at = starAt;
      token = starToken + 1;
    } else return false;
  }
  while (tokens[token] === 'any') token += 1;
  return token === tokens.length;
}

type Token = 'any' | ((character: string) => boolean);

function tokensOf(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index] ?? '';
    const end = character === '[' ? characters.indexOf(']', index + (characters[index + 1] === '!' ? 3 : 2)) : -1;
    if (character === '*') tokens.push('any');
    else if (character === '?') tokens.push(() => true);
    else if (end > 0) {
      tokens.push(oneOf(characters.slice(index + 1, end)));
      index = end;
    } else {
      if (character === '\\' && index + 1 < characters.length) index += 1;
      const literal = characters[index] ?? '';
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

function oneOf(written: readonly string[]): Token {
  const negated = written[0] === '!';
  const set = negated ? written.slice(1) : written;
  return (character) => {
    for (let index = 0; index < set.length; index += 1) {
      const low = set[index] ?? '';
      const isRange = set[index + 1] === '-' && index + 2 < set.length;
      const high = isRange ? (set[index + 2] ?? '') : low;
      if (character >= low && character <= high) return !negated;
      if (isRange) index += 2;
    }
    return negated;
  };
}
