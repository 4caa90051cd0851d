import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, concatBytes, fromBase32, isInviteId, type MemberId, toBase32 } from '../../../src/base/index.js';
import { createInvite, type Invite, type InviteKind, isEndpoint, parseInvite } from '../../../src/identity/index.js';
import { hasher, NOW_MS, seededRandom } from './support.js';

const ports = { random: seededRandom('invites'), hasher };
const memberId = toBase32(new Uint8Array(32).fill(5)) as MemberId;
const caSha256 = new Uint8Array(32).fill(6);
const fields = { memberId, caSha256, expiresAtMs: NOW_MS + 3_600_000, endpoints: ['192.168.1.10:7401'] } as const;
const check = { kind: 'node', nowMs: NOW_MS, hasher } as const;

const node = accept(createInvite({ ...fields, kind: 'node' }, ports));

const refusal = (text: string, kind: InviteKind = 'node', nowMs = NOW_MS): { code: string; message: string; next: string } => {
  const parsed = parseInvite(text, { kind, nowMs, hasher });
  return parsed.ok
    ? { code: '', message: '', next: '' }
    : { code: parsed.error.code, message: parsed.error.message, next: parsed.error.next ?? '' };
};

const endpoint = fc.oneof(
  fc
    .tuple(fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,60}[a-z0-9]$/), fc.integer({ min: 1, max: 65_535 }))
    .map(([h, p]) => `${h}:${p}`),
  fc.constantFrom('[::1]:7401', '[fe80::1%eth0]:1', 'nas.local:65535'),
);

describe('invites', () => {
  it('an invite is one line that says its kind, and is read back whole', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('node', 'client'),
        fc.array(endpoint, { minLength: 1, maxLength: 16 }),
        fc.integer({ min: 1, max: 0xffff_ffff }),
        (kind: InviteKind, endpoints, expirySeconds) => {
          const expiresAtMs = expirySeconds * 1000;
          const made = accept(createInvite({ ...fields, kind, endpoints, expiresAtMs }, ports));
          expect(made.text).toMatch(new RegExp(`^collective1${kind}[a-z2-7]+$`));
          const parsed: Invite = accept(parseInvite(made.text, { kind, nowMs: expiresAtMs - 1, hasher }));
          expect(parsed).toMatchObject({ kind, memberId, caSha256, endpoints, expiresAtMs, inviteId: made.inviteId });
          expect(parsed.secret).toHaveLength(16);
          expect(isInviteId(made.inviteId)).toBe(true);
        },
      ),
    );
  });

  it('what the issuer keeps shows neither the secret nor its text', () => {
    const { secret } = accept(parseInvite(node.text, check));
    expect(node.secretHash).toHaveLength(32);
    expect(node.secretHash).not.toEqual(hasher.sha256(secret));
    expect(node.inviteId).not.toBe(toBase32(node.secretHash.subarray(0, 16)));
    expect(JSON.stringify({ ...node, text: '' })).not.toContain(toBase32(secret));
  });

  it('line breaks, spaces and capitals do no harm', () => {
    const wrapped = `  ${node.text.slice(0, 40)}\r\n  ${node.text.slice(40).toUpperCase()}\n`;
    expect(accept(parseInvite(wrapped, check)).inviteId).toBe(node.inviteId);
  });

  it('a cut invite is called cut off, wherever it is cut', () => {
    const start = 'collective1node'.length;
    for (let length = start; length < node.text.length; length += 1) {
      expect(refusal(node.text.slice(0, length))).toMatchObject({
        code: 'INVITE_INVALID',
        message: expect.stringContaining('cut off') as string,
      });
    }
  });

  it('a mistyped invite is refused, whichever character is wrong', () => {
    for (let index = 'collective1node'.length; index < node.text.length; index += 1) {
      for (const wrong of ['a', '7', '0', 'é']) {
        if (node.text[index] === wrong) continue;
        const typed = `${node.text.slice(0, index)}${wrong}${node.text.slice(index + 1)}`;
        expect(refusal(typed)).toMatchObject({
          code: 'INVITE_INVALID',
          message: expect.stringMatching(/mistyped|cut off|newer/) as string,
        });
      }
    }
    const last = `${node.text.slice(0, 100)}${node.text[100] === 'a' ? 'b' : 'a'}${node.text.slice(101)}`;
    expect(refusal(last).message).toBe('This invite is mistyped: its checksum is wrong.');
    expect(refusal(`${node.text}${node.text}`).message).toContain('mistyped');
  });

  it('an expired invite says since when', () => {
    expect(refusal(node.text, 'node', fields.expiresAtMs - 1).code).toBe('');
    const refused = refusal(node.text, 'node', fields.expiresAtMs + 60_000);
    expect(refused.message).toBe('This invite expired at 2030-01-01T01:00:00Z, 1 min ago.');
  });

  it('an invite of the other kind says which command it is for', () => {
    const client = accept(createInvite({ ...fields, kind: 'client' }, ports));
    expect(refusal(client.text, 'node')).toEqual({
      code: 'INVITE_INVALID',
      message: 'This is a client invite.',
      next: 'Run: collective login INVITE',
    });
    expect(refusal(node.text, 'client')).toMatchObject({
      message: 'This is a node invite.',
      next: 'Run: collective node join INVITE',
    });
    expect(refusal(node.text.replace('1node', '1client'), 'client').message).toContain('mistyped');
  });

  it('an invite for members names the command that takes it; one of a later version says that this program is too old', () => {
    const body = fromBase32(node.text.slice('collective1node'.length))?.slice(0, -4) ?? new Uint8Array();
    const remade = (index: number, byte: number): string => {
      const changed = body.slice();
      changed[index] = byte;
      return toBase32(concatBytes([changed, hasher.sha256(changed).subarray(0, 4)]));
    };
    expect(refusal(`collective1member${remade(1, 1)}`)).toMatchObject({
      message: 'This is a member invite.',
      next: 'Run: collective member accept INVITE',
    });
    expect(refusal(`collective1node${remade(0, 2)}`).message).toContain('version 2');
    expect(refusal(`collective1node${remade(1, 1)}`).message).toContain('mistyped');
  });

  it('a text that is no invite, and a huge one, are refused at once', () => {
    for (const text of ['', 'hello', 'collective2node', 'collective1server', `collective1node${'a'.repeat(1_000_000)}`]) {
      expect(refusal(text)).toMatchObject({ code: 'INVITE_INVALID', message: 'This is not an invite.' });
    }
  });

  it('random texts never pass and never throw', () => {
    const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => `collective1node${toBase32(bytes)}`);
    fc.assert(
      fc.property(fc.oneof(body, fc.string()), (text) => {
        expect(refusal(text).code).toBe('INVITE_INVALID');
      }),
    );
  });

  it('endpoints that nobody could dial are not put into an invite', () => {
    for (const endpoints of [
      [],
      ['nas'],
      ['nas:0'],
      ['nas:65536'],
      ['nas:1', 'a b:1'],
      Array.from({ length: 17 }, () => 'nas:1'),
    ]) {
      const made = createInvite({ ...fields, kind: 'node', endpoints }, ports);
      expect(made.ok ? '' : made.error.code).toBe('USAGE');
    }
    for (const text of ['nas.local:7401', '10.0.0.1:1', '[::1]:65535']) expect(isEndpoint(text)).toBe(true);
    for (const text of ['::1:80', 'nas:', ':80', 'nas:080', 'nas:80/x', `${'a'.repeat(255)}:80`])
      expect(isEndpoint(text)).toBe(false);
  });
});
