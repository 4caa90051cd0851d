import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, LIMITS, type MemberId, type NodeId, toBase32, toHex, type UploadId } from '../../../src/base/index.js';
import { issueTicket, openTicket, publicKeyOf, type Ticket, type TicketCheck } from '../../../src/identity/index.js';
import { flipBit, hasher, NODE_ID, NOW_MS, OTHER_NODE_ID, signerFrom, UPLOAD_ID, verifier } from './support.js';

const signer = signerFrom('coordinator');
const bytesOf = (count: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: count, maxLength: count });
const clientKeyHash = new Uint8Array(32).fill(7);
const origin = toBase32(new Uint8Array(32).fill(1)) as MemberId;

const common = {
  origin,
  nodeId: NODE_ID,
  clientKeyHash,
  expiresAtMs: NOW_MS + LIMITS.ticketLifeMs,
  ticketId: new Uint8Array(16).fill(9),
  revocationPosition: 0,
} as const;
const readTicket: Ticket = { ...common, kind: 'read', listDigest: new Uint8Array(32).fill(3) };
const putTicket: Ticket = { ...common, kind: 'put', uploadId: UPLOAD_ID, byteBudget: 64 * 1024 * 1024 };

const check: TicketCheck = {
  ticketPublicKeys: [publicKeyOf(signerFrom('older key').publicKey, hasher), publicKeyOf(signer.publicKey, hasher)],
  verifier,
  nowMs: NOW_MS,
  nodeId: NODE_ID,
  clientKeyHash,
};

const refusal = (bytes: Uint8Array, changed: Partial<TicketCheck>): { code: string; message: string } => {
  const opened = openTicket(bytes, { ...check, ...changed });
  return opened.ok ? { code: '', message: '' } : { code: opened.error.code, message: opened.error.message };
};

const anyTicket: fc.Arbitrary<Ticket> = fc
  .record({
    origin: bytesOf(32).map((bytes) => toBase32(bytes) as MemberId),
    nodeId: bytesOf(10).map((bytes) => toBase32(bytes) as NodeId),
    clientKeyHash: bytesOf(32),
    expiresAtMs: fc.maxSafeNat(),
    ticketId: bytesOf(16),
    revocationPosition: fc.maxSafeNat(),
  })
  .chain(
    (fields): fc.Arbitrary<Ticket> =>
      fc.oneof(
        bytesOf(32).map((listDigest): Ticket => ({ ...fields, kind: 'read', listDigest })),
        fc
          .tuple(bytesOf(16), fc.maxSafeNat())
          .map(([id, byteBudget]): Ticket => ({ ...fields, kind: 'put', uploadId: toBase32(id) as UploadId, byteBudget })),
      ),
  );

describe('tickets', () => {
  it('a ticket opens, where it is good, as what was issued', () => {
    fc.assert(
      fc.property(anyTicket, (ticket) => {
        const opened = openTicket(issueTicket(ticket, signer), {
          ...check,
          nowMs: ticket.expiresAtMs - 1,
          nodeId: ticket.nodeId,
          clientKeyHash: ticket.clientKeyHash,
        });
        expect(accept(opened)).toEqual(ticket);
      }),
    );
  });

  it('the layout is the documented one, to the byte', () => {
    const bytes = issueTicket(putTicket, signer);
    expect(bytes).toHaveLength(212);
    expect(issueTicket(readTicket, signer)).toHaveLength(220);
    expect(toHex(bytes.subarray(0, 148))).toBe(
      [
        '0102',
        toHex(signer.keyId),
        '01'.repeat(32),
        '6b8646b8646b8646b864',
        '07'.repeat(32),
        (NOW_MS + LIMITS.ticketLifeMs).toString(16).padStart(16, '0'),
        '09'.repeat(16),
        '00'.repeat(8),
        toHex(bytes.subarray(124, 140)),
        '0000000004000000',
      ].join(''),
    );
  });

  it('a ticket for another node, client or key is refused, each in its own words', () => {
    const bytes = issueTicket(readTicket, signer);
    expect(refusal(bytes, { nodeId: OTHER_NODE_ID })).toMatchObject({
      code: 'TICKET_INVALID',
      message: expect.stringContaining('another node') as string,
    });
    expect(refusal(bytes, { clientKeyHash: new Uint8Array(32) })).toMatchObject({
      code: 'TICKET_INVALID',
      message: expect.stringContaining('another client') as string,
    });
    expect(refusal(bytes, { ticketPublicKeys: [] })).toMatchObject({
      code: 'TICKET_INVALID',
      message: expect.stringContaining('does not know') as string,
    });
    const impostor = { keyId: signer.keyId, publicKey: signerFrom('impostor').publicKey };
    expect(refusal(bytes, { ticketPublicKeys: [impostor] })).toMatchObject({
      code: 'TICKET_INVALID',
      message: expect.stringContaining('signature is wrong') as string,
    });
  });

  it('a ticket lives until its expiry and the allowed difference of clocks, and not a millisecond longer', () => {
    const bytes = issueTicket(readTicket, signer);
    const end = readTicket.expiresAtMs + LIMITS.clockSkewMs;
    expect(openTicket(bytes, { ...check, nowMs: end - 1 }).ok).toBe(true);
    expect(refusal(bytes, { nowMs: end })).toEqual({
      code: 'TICKET_EXPIRED',
      message: 'The ticket expired at 2030-01-01T00:10:00.000Z.',
    });
  });

  it('a ticket of one kind cannot be turned into the other', () => {
    const bytes = issueTicket(putTicket, signer).slice();
    bytes[1] = 1;
    expect(openTicket(bytes, check).ok).toBe(false);
    expect(openTicket(Uint8Array.of(...bytes, ...new Uint8Array(8)), check).ok).toBe(false);
  });

  it('altered, cut, lengthened or random bytes never pass and never throw', () => {
    for (const bytes of [issueTicket(readTicket, signer), issueTicket(putTicket, signer)]) {
      for (let index = 0; index < bytes.length; index += 1) {
        expect(openTicket(flipBit(bytes, index), check).ok).toBe(false);
        expect(openTicket(bytes.subarray(0, index), check).ok).toBe(false);
      }
      expect(openTicket(Uint8Array.of(...bytes, 0), check).ok).toBe(false);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (random) => !openTicket(random, check).ok));
  });

  it('an id that two texts could spell is not put into a ticket', () => {
    const sloppy = `${UPLOAD_ID.slice(0, 25)}b` as UploadId;
    expect(() => issueTicket({ ...putTicket, uploadId: sloppy }, signer)).toThrow('not a canonical id');
  });
});
