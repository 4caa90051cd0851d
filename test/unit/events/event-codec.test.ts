import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, LIMITS, type ChunkId, type FileId, type MemberId, type NodeId, type UploadId } from '../../../src/base/index.js';
import { createEventCodec, firstVersion, record } from '../../../src/events/codec/index.js';
import { label, integer } from '../../../src/events/codec/fields.js';
import { EVENT_SHAPES } from '../../../src/events/codec/shapes/index.js';
import { readWire } from '../../../src/events/codec/wire-reader.js';
import type { WireValue } from '../../../src/events/codec/wire-value.js';
import { writeWire } from '../../../src/events/codec/wire-writer.js';
import { eventCodec, extentListIdOf, type CollectiveEvent, type Extent, type FileCommitted } from '../../../src/events/index.js';
import { anyEvent, eventArbitraries, extentsFrom, hasher } from '../../support/events.js';

const NODE = 'aaaaaaaaaaaaaaaa' as NodeId;
const MEMBER = `${'m'.repeat(51)}a` as MemberId;
const nodesOf = (count: number) => Array.from({ length: count }, (_, index) => `${'bcdefgh'[index]}aaaaaaaaaaaaaaa` as NodeId);
const membersOf = (count: number) =>
  Array.from({ length: count }, (_, index) => `${'bcdefgh'[index]}${'m'.repeat(50)}a` as MemberId);
const UPLOAD = `${'a'.repeat(26)}` as UploadId;
const CHUNK = `01${'00'.repeat(32)}` as ChunkId;
const extent = (offsetBytes: number, lengthBytes: number): Extent => ({ offsetBytes, lengthBytes, chunkId: CHUNK });

const committed = (changes: Partial<FileCommitted>): FileCommitted => ({
  type: 'FileCommitted',
  fileId: '1-2' as FileId,
  version: 1,
  uploadId: UPLOAD,
  sizeBytes: 0,
  extentListIds: [],
  extents: [],
  mode: 0o644,
  modified: { seconds: 0, nanoseconds: 0 },
  contentType: '',
  openSessionId: '',
  ...changes,
});

/** The event after its payload was changed on the wire. */
const decodeChanged = (event: CollectiveEvent, change: (places: WireValue[]) => WireValue) => {
  const { type, schemaVersion, payload } = eventCodec.encode(event);
  return eventCodec.decode(type, schemaVersion, writeWire(change([...(readWire(payload) as WireValue[])])));
};

describe('events', () => {
  it('every type has a shape and an arbitrary', () => {
    expect(Object.keys(EVENT_SHAPES).sort()).toEqual(Object.keys(eventArbitraries).sort());
  });

  it.each(Object.entries(eventArbitraries))('%s comes back as it was written', (_type, events) => {
    fc.assert(
      fc.property(events, (event) => {
        const { type, schemaVersion, payload } = eventCodec.encode(event);
        expect(accept(eventCodec.decode(type, schemaVersion, payload))).toEqual(event);
      }),
      { numRuns: 40 },
    );
  });

  it.each(Object.entries(eventArbitraries))('%s with a place too few or too many is refused', (_type, events) => {
    fc.assert(
      fc.property(events, (event) => {
        for (const change of [(places: WireValue[]) => places.slice(1), (places: WireValue[]) => [...places, null]]) {
          expect(decodeChanged(event, change)).toMatchObject({ ok: false, error: { code: 'LOG_DAMAGED' } });
        }
      }),
      { numRuns: 10 },
    );
  });

  it('changed bytes are refused or read as another event, and nothing else happens', () => {
    fc.assert(
      fc.property(
        anyEvent,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (event, changes) => {
          const { type, schemaVersion, payload } = eventCodec.encode(event);
          for (const [place, byte] of changes) payload[place % payload.length] = byte;
          const decoded = eventCodec.decode(type, schemaVersion, payload);
          if (!decoded.ok) expect(decoded.error.code).toBe('LOG_DAMAGED');
          else if (decoded.value !== undefined) expect(eventCodec.encode(decoded.value).payload).toEqual(payload);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('any bytes for any type are refused or read, and nothing else happens', () => {
    const types = fc.constantFrom(...Object.keys(EVENT_SHAPES));
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 100 }), (type, payload) => {
        const decoded = eventCodec.decode(type, 1, payload);
        expect(decoded.ok || decoded.error.code === 'LOG_DAMAGED').toBe(true);
      }),
    );
  });

  it('what can be recorded can be read: no value passes one way only', () => {
    const odd = fc.oneof(
      fc.constantFrom(
        '01'.repeat(33),
        '02'.repeat(33),
        'AB'.repeat(32),
        '',
        'a'.repeat(16),
        'a'.repeat(26),
        'z'.repeat(52),
        '1-0',
      ),
      fc.constantFrom(-1, 0, 1.5, -0, Number.NaN, 2 ** 53, '\u{d800}', '..', '\u{feff}x', [], [''], undefined),
      fc.uint8Array({ maxLength: 50 }),
    );
    fc.assert(
      fc.property(anyEvent, fc.nat(), odd, (event, place, value) => {
        const names = Object.keys(event).filter((name) => name !== 'type');
        const changed = { ...event, [names[place % names.length] ?? '']: value } as CollectiveEvent;
        let encoded: ReturnType<typeof eventCodec.encode>;
        try {
          encoded = eventCodec.encode(changed);
        } catch (error) {
          if (error instanceof TypeError) return;
          expect(error).toMatchObject({ code: 'REQUEST_INVALID' });
          return;
        }
        expect(accept(eventCodec.decode(encoded.type, encoded.schemaVersion, encoded.payload))).toEqual(changed);
      }),
      { numRuns: 1000 },
    );
  });

  it('bytes are not taken for an empty list', () => {
    const bytes: object = new Uint8Array();
    expect(() => eventCodec.encode(committed({ extentListIds: bytes as [] }))).toThrow('not an array');
  });

  it.each<[string, CollectiveEvent]>([
    ['a name that no entry may have', { type: 'EntryRemoved', parentId: '1-1' as FileId, name: '..', fileId: '1-2' as FileId }],
    ['half a surrogate pair', { type: 'NodeRegistered', nodeId: NODE, name: '\u{d800}' }],
    ['a label that is too long', { type: 'NodeRegistered', nodeId: NODE, name: 'é'.repeat(33) }],
    ['an id of another kind', { type: 'NodeRecovered', nodeId: UPLOAD as string as NodeId }],
    ['a fraction', { type: 'NodeBecameUnreachable', nodeId: NODE, lastSeenMs: 1.5 }],
    ['a negative time', { type: 'NodeBecameUnreachable', nodeId: NODE, lastSeenMs: -1 }],
    [
      'no copy',
      {
        type: 'UploadOpened',
        uploadId: UPLOAD,
        clientId: 'a'.repeat(16) as never,
        copies: 0,
        expiresAtMs: 0,
        minimumCopies: 0,
        spread: 'nodes',
      },
    ],
    ['extents with a gap', committed({ sizeBytes: 20, extents: [extent(0, 5), extent(10, 10)] })],
    ['extents that start late', committed({ sizeBytes: 10, extents: [extent(5, 5)] })],
    ['extents that do not make up the size', committed({ sizeBytes: 11, extents: [extent(0, 10)] })],
    ['a size without extents', committed({ sizeBytes: 1 })],
    ['extents and extent lists', committed({ sizeBytes: 5, extents: [extent(0, 5)], extentListIds: ['0'.repeat(64) as never] })],
    [
      'a chunk that is too long',
      committed({ sizeBytes: LIMITS.chunkBytesLarge + 1, extents: [extent(0, LIMITS.chunkBytesLarge + 1)] }),
    ],
    [
      'a holder that is not listed',
      { type: 'CopiesRecorded', nodeIds: [NODE], memberIds: [], chunks: [{ chunkId: CHUNK, lengthBytes: 1, holders: [1] }] },
    ],
    [
      'a holder twice',
      { type: 'CopiesRecorded', nodeIds: [NODE], memberIds: [], chunks: [{ chunkId: CHUNK, lengthBytes: 1, holders: [0, 0] }] },
    ],
    [
      'a holder beyond the nodes and members',
      {
        type: 'CopiesRecorded',
        nodeIds: [NODE],
        memberIds: [MEMBER],
        chunks: [{ chunkId: CHUNK, lengthBytes: 1, holders: [2] }],
      },
    ],
    [
      'two holders of what was lost',
      { type: 'CopiesLost', holder: { nodeId: NODE, memberId: MEMBER } as never, reason: 'damaged', chunkIds: [CHUNK] },
    ],
    ['no holder of what was lost', { type: 'CopiesLost', holder: {} as never, reason: 'damaged', chunkIds: [CHUNK] }],
    ['more witnesses than there may be', { type: 'WitnessesChanged', witnesses: nodesOf(5), members: membersOf(4), required: 1 }],
    ['more witnesses required than there are', { type: 'WitnessesChanged', witnesses: [], members: [MEMBER], required: 2 }],
    [
      'more copies needed than wanted',
      {
        type: 'UploadOpened',
        uploadId: UPLOAD,
        clientId: 'a'.repeat(16) as never,
        copies: 2,
        expiresAtMs: 0,
        minimumCopies: 3,
        spread: 'nodes',
      },
    ],
    ['half a position', { type: 'MemberRemoved', memberId: MEMBER, epoch: 1, sequence: 0, note: '' }],
    ['no right', { type: 'GrantGiven', directoryId: '1-1' as FileId, memberId: MEMBER, rights: [], untilMs: 0 }],
    [
      'rights in another order',
      { type: 'GrantGiven', directoryId: '1-1' as FileId, memberId: MEMBER, rights: ['write', 'read'], untilMs: 0 },
    ],
    [
      'a right twice',
      { type: 'GrantGiven', directoryId: '1-1' as FileId, memberId: MEMBER, rights: ['read', 'read'], untilMs: 0 },
    ],
    [
      'a policy that needs no copy',
      { type: 'PolicySet', directoryId: '1-1' as FileId, copies: 2, minimumCopies: 0, spread: 'nodes' },
    ],
    [
      'a move to where they are',
      { type: 'ForeignCopiesMoved', origin: MEMBER, fromNodeId: NODE, toNodeId: NODE, chunkIds: [CHUNK] },
    ],
  ])('%s cannot be recorded', (_what, event) => {
    expect(() => eventCodec.encode(event)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });

  it('the largest events of every kind fit into a payload', () => {
    const extents = Array.from({ length: LIMITS.extentsPerList }, (_, index) =>
      extent(LIMITS.fileBytes - (LIMITS.extentsPerList - index) * LIMITS.chunkBytesLarge, LIMITS.chunkBytesLarge),
    );
    const lists = Array.from({ length: LIMITS.listsPerVersion }, () => 'f'.repeat(64) as never);
    const nodeIds = Array.from(
      { length: LIMITS.copiesMax },
      (_, index) => `${'abcdefghijklmnop'[index]}aaaaaaaaaaaaaaa` as NodeId,
    );
    const memberIds = Array.from(
      { length: LIMITS.copiesMax },
      (_, index) => `${'abcdefghijklmnop'[index]}${'a'.repeat(51)}` as MemberId,
    );
    const chunks = Array.from({ length: LIMITS.chunksPerCall }, () => ({
      chunkId: CHUNK,
      lengthBytes: LIMITS.chunkBytesLarge,
      holders: nodeIds.map((_, index) => index),
    }));
    const events: CollectiveEvent[] = [
      { type: 'ExtentsRecorded', uploadId: UPLOAD, extentListId: 'f'.repeat(64) as never, extents },
      committed({ sizeBytes: LIMITS.fileBytes, extentListIds: lists, contentType: 'x'.repeat(LIMITS.contentTypeBytes) }),
      { type: 'CopiesRecorded', nodeIds, memberIds: [], chunks },
      { type: 'CopiesLost', holder: { nodeId: NODE }, reason: 'damaged', chunkIds: chunks.map(({ chunkId }) => chunkId) },
      { type: 'CopiesRecorded', nodeIds: [], memberIds, chunks },
      { type: 'ForeignCopiesAccepted', origin: MEMBER, uploadId: UPLOAD, nodeIds, chunks },
      {
        type: 'ForeignCopiesMoved',
        origin: MEMBER,
        fromNodeId: NODE,
        toNodeId: nodeIds[1] ?? NODE,
        chunkIds: chunks.map(({ chunkId }) => chunkId),
      },
    ];
    for (const event of events) expect(eventCodec.encode(event).payload.length).toBeLessThanOrEqual(LIMITS.payloadBytes);
  });

  it('the longest file is what the longest version can list', () => {
    expect(LIMITS.fileBytes).toBe(LIMITS.listsPerVersion * LIMITS.extentsPerList * LIMITS.chunkBytesLarge);
  });

  it('a payload above the limit is refused', () => {
    const wide = createEventCodec<{ type: 'Wide'; text: string }>({
      Wide: firstVersion(record<{ text: string }>({ text: { toWire: (text) => text, fromWire: () => '' } })),
    });
    expect(() => wide.encode({ type: 'Wide', text: 'x'.repeat(LIMITS.payloadBytes) })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });
});

describe('what this program does not know', () => {
  it('a type is kept and not applied', () => {
    expect(eventCodec.decode('MoonLanded', 1, new Uint8Array([0xc1]))).toEqual({ ok: true, value: undefined });
  });

  it('a newer version of a known type is kept and not applied', () => {
    expect(eventCodec.decode('NodeRecovered', 2, writeWire(['more', 'places']))).toEqual({ ok: true, value: undefined });
  });

  it('a version 0 is refused', () => {
    expect(eventCodec.decode('NodeRecovered', 0, writeWire([NODE])).ok).toBe(false);
  });

  it('an event that uses a reserved place is kept and not applied', () => {
    const event = committed({ sizeBytes: 5, extents: [extent(0, 5)] });
    const withMetadata = decodeChanged(event, (places) => places.with(-2, 'metadata'));
    expect(withMetadata).toEqual({ ok: true, value: undefined });
    const withCipher = decodeChanged(event, (places) =>
      places.with(5, [[0, 5, new Uint8Array(33).fill(1, 0, 1), 'cipher', null]]),
    );
    expect(withCipher).toEqual({ ok: true, value: undefined });
  });
});

describe('upcasting', () => {
  interface Tune {
    readonly title: string;
    readonly beats: number;
    readonly key: string;
  }
  const codec = createEventCodec<Tune & { type: 'TunePlayed' }>({
    TunePlayed: firstVersion(record<{ title: string }>({ title: label }))
      .next(record<{ title: string; beats: number }>({ title: label, beats: integer(0, 999) }), (older) => ({
        ...older,
        beats: 120,
      }))
      .next(record<Tune>({ title: label, beats: integer(0, 999), key: label }), (older) => ({ ...older, key: 'C' })),
  });

  it('writes the newest version', () => {
    expect(codec.encode({ type: 'TunePlayed', title: 'a', beats: 1, key: 'D' }).schemaVersion).toBe(3);
  });

  it.each([
    [1, ['a'], { title: 'a', beats: 120, key: 'C' }],
    [2, ['a', 90], { title: 'a', beats: 90, key: 'C' }],
    [3, ['a', 90, 'D'], { title: 'a', beats: 90, key: 'D' }],
  ] as const)('reads version %i as the newest', (version, places, fields) => {
    expect(codec.decode('TunePlayed', version, writeWire(places))).toEqual({
      ok: true,
      value: { type: 'TunePlayed', ...fields },
    });
  });

  it('holds an old version to its own shape', () => {
    expect(codec.decode('TunePlayed', 1, writeWire(['a', 90])).ok).toBe(false);
  });
});

describe('the id of an extent list', () => {
  it('is the same for the same extents and another for others', () => {
    fc.assert(
      fc.property(extentsFrom(0, 5), extentsFrom(0, 5), (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(extentListIdOf(left, hasher) === extentListIdOf(right, hasher)).toBe(same);
      }),
    );
  });

  it('is not given to what is no list', () => {
    for (const list of [[], [extent(0, 5), extent(6, 5)]]) {
      expect(() => extentListIdOf(list, hasher)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
    }
  });
});
