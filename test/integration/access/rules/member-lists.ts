import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../../src/base/index.js';
import {
  type AnswerRequest,
  createClient,
  HoldingServiceDefinition,
  type PeerMessage,
  PeerFilesServiceDefinition,
  PeerServiceDefinition,
  FilesServiceDefinition,
  type RpcChannel,
} from '../../../../src/transport/index.js';
import { codeOf } from '../support/requests.js';

const signal = new AbortController().signal;
const CHUNK = { chunkId: `01${'ab'.repeat(32)}`, lengthBytes: 1 };
const NODE = 'nodenodenodenode';
const UPLOAD = `${'a'.repeat(25)}q`;
const HASH = new Uint8Array(32);
const many = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

/** What a call with such lists may end with; LIMIT_EXCEEDED where tests before have used something up. */
const REFUSED = [
  'OK',
  'REQUEST_INVALID',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'NOT_ENOUGH_SPACE',
  'NOT_ENOUGH_NODES',
  'RECEIPT_INVALID',
  'NODE_UNREACHABLE',
  'UPLOAD_UNKNOWN',
  'LIMIT_EXCEEDED',
];

/** As an admitted member's coordinator at the peer port; `owner`: a third member. */
export function memberListRules(at: { channel(): RpcChannel; owner(): string; faults(): readonly string[] }): void {
  const holding = () => createClient(HoldingServiceDefinition, at.channel());
  const receipt = { nodeId: NODE, signedReceipt: new Uint8Array(195), chunks: many(2, CHUNK) };
  const version = { fileId: '1-1', version: 1 };
  const ofVersion = { ...CHUNK, version: 0, extentListId: '' };
  const source = { access: undefined, chunks: many(2, CHUNK) };
  const call = { uploadId: UPLOAD, clientKeyHash: HASH };
  /** By the length of its list, of the same thing over and over. */
  const calls: readonly (readonly [name: string, most: number, ask: (count: number) => Promise<unknown>])[] = [
    [
      'PlaceCopies',
      LIMITS.chunksPerCall,
      (count) => holding().placeCopies({ ...call, chunks: many(count, CHUNK), avoidNodeIds: many(20_000, NODE) }, { signal }),
    ],
    ['AcceptCopies', 256, (count) => holding().acceptCopies({ ...call, receipts: many(count, receipt) }, { signal })],
    [
      'AcceptCopies of one receipt',
      LIMITS.chunksPerCall,
      (count) => holding().acceptCopies({ ...call, receipts: [{ ...receipt, chunks: many(count, CHUNK) }] }, { signal }),
    ],
    [
      'LocateCopies',
      LIMITS.chunksPerCall,
      (count) => holding().locateCopies({ clientKeyHash: HASH, chunks: many(count, CHUNK) }, { signal }),
    ],
    [
      'LocateForReader',
      LIMITS.chunksPerCall,
      (count) =>
        holding().locateForReader(
          { owner: at.owner(), clientKeyHash: HASH, versions: many(count, version), chunks: many(count, ofVersion) },
          { signal },
        ),
    ],
    [
      'LocateForReader without versions',
      LIMITS.chunksPerCall,
      (count) =>
        holding().locateForReader(
          { owner: at.owner(), clientKeyHash: HASH, versions: [], chunks: many(count, ofVersion) },
          { signal },
        ),
    ],
    [
      'ReportCopies',
      LIMITS.chunksPerCall,
      (count) => holding().reportCopies({ copies: many(count, { ...CHUNK, nodeId: NODE }) }, { signal }),
    ],
    [
      'ReleaseCopies',
      LIMITS.chunksPerCall,
      (count) => holding().releaseCopies({ chunkIds: many(count, CHUNK.chunkId) }, { signal }),
    ],
    [
      'FetchCopies',
      LIMITS.chunksPerFetch,
      (count) =>
        holding().fetchCopies(
          { uploadId: UPLOAD, nodeId: NODE, chunks: many(count, CHUNK), sources: many(count, source) },
          { signal },
        ),
    ],
    [
      'FetchCopies of nothing',
      LIMITS.fetchSources,
      (count) => holding().fetchCopies({ uploadId: UPLOAD, nodeId: NODE, chunks: [], sources: many(count, source) }, { signal }),
    ],
    [
      'OfferSources',
      LIMITS.chunksPerFetch,
      (count) => holding().offerSources({ nodeKeyHash: HASH, chunks: many(count, CHUNK) }, { signal }),
    ],
  ];

  describe('lists at the peer port', () => {
    it.each(calls)(
      'of %s are refused past %i, and are empty or say a thing over and over without harm',
      async (_name, most, ask) => {
        expect(await codeOf(ask(most + 1))).toBe('LIMIT_EXCEEDED');
        for (const count of [0, 2, most]) expect(REFUSED).toContain(await codeOf(ask(count)));
      },
    );

    it('in nothing at all are those of every call that is forwarded', async () => {
      const files = createClient(PeerFilesServiceDefinition, at.channel());
      for (const method of Object.values(FilesServiceDefinition.methods)) {
        const { name } = method;
        const asked = { clientId: 'a'.repeat(16), clientKeyHash: HASH, method: name, request: new Uint8Array() };
        const pages = async (): Promise<void> => {
          for await (const _page of files.forwardForClient(asked, { signal }));
        };
        expect(await codeOf(pages()), name).not.toMatch(/^(INTERNAL|IO_FAILED|UNAVAILABLE|PROTOCOL_ERROR)$/);
      }
    });

    it('of blocks to be pulled from nowhere, or after anything, are refused', async () => {
      const peer = createClient(PeerServiceDefinition, at.channel());
      const pull = async (wanted: { readonly fromSequence: number; readonly previousHeaderHash: Uint8Array }): Promise<void> => {
        for await (const _page of peer.pull({ origin: at.owner(), toSequence: 0, ...wanted }, { signal }));
      };
      expect(await codeOf(pull({ fromSequence: 0, previousHeaderHash: HASH }))).toBe('REQUEST_INVALID');
      for (const bytes of [1, 32, 500_000]) {
        const previousHeaderHash = new Uint8Array(bytes);
        expect(['LOG_FORKED', 'NOT_FOUND', 'PERMISSION_DENIED']).toContain(
          await codeOf(pull({ fromSequence: 2, previousHeaderHash })),
        );
        expect(['NOT_FOUND', 'PERMISSION_DENIED']).toContain(
          await codeOf(pull({ fromSequence: Number.MAX_SAFE_INTEGER, previousHeaderHash })),
        );
      }
    });

    const own = { origin: 'a'.repeat(52), epoch: 1, sequence: 1, headerHash: HASH };
    const mark = {
      origin: own.origin,
      epoch: 1,
      sequence: 1,
      views: many(3, { name: 'tree', projectionVersion: 1, stateHash: HASH }),
    };
    it.each<[string, PeerMessage['message']]>([
      ['heads, of none', { $case: 'frontier', value: { heads: [] } }],
      ['heads, one over and over', { $case: 'frontier', value: { heads: many(LIMITS.foreignLogs, own) } }],
      ['heads, too many', { $case: 'frontier', value: { heads: many(LIMITS.foreignLogs + 1, own) } }],
      ['blocks, of none', { $case: 'blocks', value: { origin: own.origin, blocks: [] } }],
      ['blocks, empty ones', { $case: 'blocks', value: { origin: own.origin, blocks: many(50_000, new Uint8Array()) } }],
      ['blocks, of nobody', { $case: 'blocks', value: { origin: '', blocks: [] } }],
      ['marks, of none', { $case: 'states', value: { marks: [] } }],
      ['marks, one over and over', { $case: 'states', value: { marks: many(2_000, mark) } }],
      [
        'marks, of too many views',
        {
          $case: 'states',
          value: {
            marks: [{ ...mark, views: many(5_000, mark.views[0] ?? { name: '', projectionVersion: 1, stateHash: HASH }) }],
          },
        },
      ],
      ['proofs, empty', { $case: 'fork', value: { origin: own.origin, held: new Uint8Array(), other: new Uint8Array() } }],
      ['answers, to no ping', { $case: 'pong', value: { nonce: 99 } }],
      ['a call, of which nobody was told', { $case: 'ask', value: { callId: 1 } }],
      ['nothing', undefined],
    ])('in a session (%s) end it by a word, or do nothing', async (_what, message) => {
      const peer = createClient(PeerServiceDefinition, at.channel());
      const ending = new AbortController();
      const outgoing = async function* (): AsyncGenerator<PeerMessage, void, undefined> {
        yield { message: { $case: 'hello', value: { protocolVersion: 2, bootId: 'lists', softwareVersion: '', endpoints: [] } } };
        yield { message };
        yield { message: { $case: 'ping', value: { nonce: 7 } } };
        await new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve(), { once: true }));
      };
      const session = async (): Promise<void> => {
        for await (const { message: said } of peer.session(outgoing(), { signal })) if (said?.$case === 'pong') return;
      };
      const code = await codeOf(session());
      ending.abort();
      // UNAVAILABLE: another session of that member has taken over.
      expect(['OK', 'PROTOCOL_ERROR', 'UNAVAILABLE']).toContain(code);
    });

    it.each<[string, readonly AnswerRequest['part'][], string]>([
      ['nothing', [], 'PROTOCOL_ERROR'],
      ['a part of none', [undefined], 'PROTOCOL_ERROR'],
      ['an answer before it is said to what', [{ $case: 'message', value: HASH }], 'PROTOCOL_ERROR'],
      ['an end before that', [{ $case: 'end', value: { error: HASH } }], 'PROTOCOL_ERROR'],
      [
        'a call that nobody has made',
        [
          { $case: 'callId', value: 1 },
          { $case: 'message', value: HASH },
        ],
        'NOT_FOUND',
      ],
      ['calls beyond all', [{ $case: 'callId', value: Number.MAX_SAFE_INTEGER }], 'NOT_FOUND'],
    ])('of answers that begin with %s are refused', async (_what, parts, code) => {
      const peer = createClient(PeerServiceDefinition, at.channel());
      const requests = async function* (): AsyncGenerator<AnswerRequest, void, undefined> {
        for (const part of parts) yield { part };
      };
      const answering = async (): Promise<void> => {
        for await (const _part of peer.answer(requests(), { signal }));
      };
      expect(await codeOf(answering())).toBe(code);
    });

    it('leave no fault behind', () => {
      expect(at.faults()).toEqual([]);
    });
  });
}
