import { beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../../src/base/index.js';
import {
  createClient,
  NodeSessionServiceDefinition,
  redeemInvite,
  type RpcClient,
  type SessionRequest,
} from '../../../../src/transport/index.js';
import type { Besieged } from '../support/besieged.js';
import { codeOf } from '../support/requests.js';

const signal = new AbortController().signal;
const HUGE = Number.MAX_SAFE_INTEGER;
type Sessions = RpcClient<typeof NodeSessionServiceDefinition>;
type Hello = Extract<NonNullable<SessionRequest['message']>, { $case: 'hello' }>['value'];

const state = { usedBytes: 0, freeBytes: 1e9, chunks: 0, storeState: 'ready', storeReason: '', damagedCopies: 0 };
const hello = (odd: Partial<Hello> = {}): SessionRequest => ({
  message: {
    $case: 'hello',
    value: {
      name: 'rogue',
      endpoints: ['127.0.0.1:9'],
      capacityBytes: 1e9,
      failureDomain: 'cellar',
      softwareVersion: 'test',
      storeFormatVersion: 1,
      bootId: 'boot',
      state,
      ...odd,
    },
  },
});

/** What a node with a good certificate can say, and no sound node does. */
export function sessionRules(at: Besieged): void {
  describe('sessions of a rogue node', () => {
    let sessions: Sessions;
    beforeAll(async () => {
      sessions = await join('rogue');
    });

    async function join(name: string): Promise<Sessions> {
      const { world } = at;
      const options = { invite: await world.invite('node'), kind: 'node', name, signal } as const;
      const { own } = await redeemInvite(options, { ...world.ports, transport: world.transport });
      return createClient(NodeSessionServiceDefinition, world.connect(own).channel);
    }

    /** Says all that, and listens until the coordinator ends it or has welcomed it `welcomes` times. */
    async function say(to: Sessions, messages: readonly SessionRequest[], welcomes = 2): Promise<string> {
      let open: (() => void) | undefined;
      const listening = new Promise<void>((resolve) => {
        open = resolve;
      });
      async function* up(): AsyncGenerator<SessionRequest> {
        yield* messages;
        await listening;
      }
      const attempt = async (): Promise<void> => {
        let heard = 0;
        for await (const { message } of to.session(up(), { signal, timeoutMs: 60_000 })) {
          if (message?.$case === 'welcome' && (heard += 1) >= welcomes) return;
        }
      };
      const code = await codeOf(attempt());
      open?.();
      return code;
    }

    it.each<[string, SessionRequest[]]>([
      ['without a hello', [{ message: { $case: 'heartbeat', value: state } }]],
      ['with an empty message', [{ message: undefined }]],
      ['without the state of the store', [hello({ state: undefined })]],
      ['without endpoints', [hello({ endpoints: [] })]],
      ['with 17 endpoints', [hello({ endpoints: Array.from({ length: 17 }, () => 'a.example:1') })]],
      ['with a path for an endpoint', [hello({ endpoints: ['../../etc/passwd'] })]],
      ['with an endpoint of two lines', [hello({ endpoints: ['a.example\nb.example:1'] })]],
      ['with a failure domain of 65 bytes', [hello({ failureDomain: 'é'.repeat(33) })]],
      ['with a version of a million letters', [hello({ softwareVersion: 'v'.repeat(1_000_000) })]],
      ['with two hellos', [hello(), hello()]],
      ['with an unknown message after the hello', [hello(), { message: undefined }]],
    ])('%s', async (_what, messages) => {
      expect(await say(sessions, messages)).toBe('REQUEST_INVALID');
    });

    it('numbers beyond sense, from several nodes at once, leave a status that can be read', async () => {
      const others = [sessions, await join('rogue-2'), await join('rogue-3')];
      const huge = { ...state, usedBytes: HUGE, freeBytes: HUGE, chunks: HUGE, damagedCopies: HUGE };
      for (const each of others) expect(await say(each, [hello({ capacityBytes: HUGE, state: huge })], 1)).toBe('OK');
      const { nodes, usage } = await at.client.admin.getStatus({}, { signal });
      expect(nodes.filter(({ capacityBytes }) => capacityBytes === HUGE)).toHaveLength(3);
      expect(usage?.capacityBytes).toBe(HUGE);
    });

    it('reasons reach the status short and without control characters', async () => {
      const odd = { ...state, storeState: 'on fire', storeReason: `\u001b[2Jcleared\0\u202e${'y'.repeat(100_000)}` };
      expect(await say(sessions, [hello({ state: odd })], 1)).toBe('OK');
      const { nodes } = await at.client.admin.listNodes({}, { signal });
      const rogue = nodes.find(({ name }) => name === 'rogue');
      expect(rogue?.storeState).toBe('read-only');
      expect(rogue?.storeReason).toMatch(/^ \[2Jcleared {2}y+$/);
      expect(rogue?.storeReason.length).toBeLessThanOrEqual(300);
    });

    it('damage of chunks that are not on record, and answers to orders that nobody gave, change nothing', async () => {
      await say(sessions, [hello()], 1);
      const before = await at.head();
      const chunks = Array.from({ length: 5000 }, (_, index) => ({
        chunkId: index % 2 === 0 ? '/etc/passwd' : `01${index.toString(16).padStart(64, '0')}`,
        code: 'CHUNK_DAMAGED',
      }));
      const messages: SessionRequest[] = [
        hello(),
        { message: { $case: 'damage', value: { chunks, wholeChunkIds: ['../x', `01${'ab'.repeat(32)}`] } } },
        { message: { $case: 'answer', value: { orderId: HUGE, failure: undefined, damaged: [] } } },
        { message: { $case: 'inventory', value: { orderId: HUGE, chunks: [], done: true } } },
        // Ends the session once all of that was taken.
        hello(),
      ];
      expect(await say(sessions, messages)).toBe('REQUEST_INVALID');
      expect(await at.head()).toBe(before);
    });

    it('reports of clients about it do not fill the list of what is to be checked', async () => {
      const { files, admin } = at.client;
      const before = (await admin.getStatus({}, { signal })).findings;
      for (let batch = 0; batch * LIMITS.chunksPerCall <= LIMITS.damageReports; batch += 1) {
        const copies = Array.from({ length: LIMITS.chunksPerCall }, (_, index) => ({
          chunkId: `01${(batch * 1000 + index).toString(16).padStart(64, '0')}`,
          nodeId: 'roguerogueroguer',
          code: 'CHUNK_DAMAGED',
        }));
        await files.reportDamage({ copies }, { signal });
      }
      expect((await admin.getStatus({}, { signal })).findings.map(({ code }) => code)).toEqual(before.map(({ code }) => code));
    });
  });
}
