import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesGlob } from '../../../src/domain/index.js';

test.each([
  ['*', '', true],
  ['*', 'anything', true],
  ['*.jpg', 'a.jpg', true],
  ['*.jpg', 'a.jpeg', false],
  ['?', 'ö', true],
  ['?', '🎉', true],
  ['?', '', false],
  ['[abc]x', 'bx', true],
  ['[a-c]x', 'dx', false],
  ['[!a-c]x', 'dx', true],
  ['[]]', ']', true],
  ['[', '[', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['*a*b*c*', 'xxaxxbxxc', true],
  ['*a*b*c*', 'xxaxxcxxb', false],
])('the pattern %s and the name %s: %s', (pattern, name, expected) => {
  expect(matchesGlob(pattern, name)).toBe(expected);
});

test('stars and question marks match as the same regular expression does', () => {
  const part = fc.constantFrom('a', 'b', '*', '?');
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }),
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 10 }),
      (parts, letters) => {
        const source = parts.map((each) => (each === '*' ? '.*' : each === '?' ? '.' : each)).join('');
        expect(matchesGlob(parts.join(''), letters.join(''))).toBe(new RegExp(`^${source}$`).test(letters.join('')));
      },
    ),
  );
});

test('the worst pattern for the longest name takes no longer than name times pattern', () => {
  expect(matchesGlob('a*'.repeat(120), `${'a'.repeat(254)}b`)).toBe(true);
  expect(matchesGlob(`${'a*'.repeat(120)}c`, 'a'.repeat(255))).toBe(false);
});
