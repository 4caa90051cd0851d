import { describe, expect, it } from 'vitest';
import { parseRemotePath } from '../../../src/base/index.js';

describe('a path in the tree of a member', () => {
  it.each(['bob', 'bob-2', 'bob.home', 'bob_at.home', '0'.repeat(64)])('may name it as it is called here: %s', (member) => {
    expect(parseRemotePath(`${member}:/photos/a.jpg`)).toMatchObject({ ok: true, value: { member, names: ['photos', 'a.jpg'] } });
  });

  it.each([
    ['bob:photos', 'bob:/photos'],
    ['bob:', 'bob:/'],
    ['bob:./photos', 'bob:/photos'],
    ['Bob:/photos', 'bob:/photos'],
    ['photos', '/photos'],
    ['./photos', '/photos'],
    ['', '/photos/a.jpg'],
  ])('without its slash is answered with what was probably meant: %j with %s', (text, meant) => {
    expect(parseRemotePath(text)).toMatchObject({
      ok: false,
      error: { code: 'PATH_INVALID', next: `Remote paths begin with a slash: ${meant}` },
    });
  });
});
