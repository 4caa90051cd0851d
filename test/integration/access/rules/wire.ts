import { describe, expect, it } from 'vitest';
import { INTENDED } from '../../../../scripts/access-matrix/rpcs.js';
import { LIMITS } from '../../../../src/base/index.js';
import type { Besieged } from '../support/besieged.js';
import { codeOf, EMPTY_FILE, onlyOutcome, requestId } from '../support/requests.js';
import { wireFuzz } from '../support/wire-fuzz.js';

const signal = new AbortController().signal;
const MESSAGES_EACH = 40;
/** Whole passes over the log, whatever they are sent. */
const AUDITS = 2;
const TIMEOUT_MS = 60_000;

const fuzzed = Object.entries(INTENDED).filter(([name, { roles, endless }]) => {
  // Following events has no end either, if the message happens to ask for it.
  return roles !== 'anyone' && roles.includes('client') && endless !== true && !name.endsWith('/ListEvents');
});

export function wireRules(at: Besieged): void {
  describe('messages on the wire', () => {
    it.each(fuzzed.map(([name]) => name))(
      'random ones to %s are refused or answered, and are no fault of the program',
      async (name) => {
        const texts = [
          '',
          '/',
          '/a',
          '/a/../b',
          '/.collective',
          at.uploadId,
          `01${'ab'.repeat(32)}`,
          'id-1',
          'node',
          'é'.repeat(300),
        ];
        const next = wireFuzz(name.length, texts);
        for (let count = 0; count < (name.endsWith('Log') ? AUDITS : MESSAGES_EACH); count += 1) {
          const call = await at.client.channel.open(`/${name}`, { signal, timeoutMs: TIMEOUT_MS, requestId: undefined });
          await call.send(next());
          call.endRequests();
          const drain = async (): Promise<void> => {
            while ((await call.receive()) !== undefined);
          };
          expect(await codeOf(drain())).not.toMatch(/INTERNAL|UNREACHABLE|DEADLINE/);
        }
      },
    );

    it('text that is not valid UTF-8 is refused, not mended; a replacement character that was sent is kept', async () => {
      const field = (number: number, content: Uint8Array): Buffer =>
        Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
      const make = async (path: Uint8Array): Promise<string> => {
        const directory = field(1, path);
        const call = await at.client.channel.open('/collective.v1.FilesService/MakeDirectories', {
          signal,
          timeoutMs: TIMEOUT_MS,
          requestId: undefined,
        });
        await call.send(Buffer.concat([field(1, Buffer.from(requestId())), field(2, directory)]));
        call.endRequests();
        return codeOf(call.receive());
      };
      const before = await at.head();
      for (const bad of ['2f61ff', '2fc3', '2fc0af', '2feda080', '2ff5808080', '2fefbfbd2fff']) {
        expect([bad, await make(Buffer.from(bad, 'hex'))]).toEqual([bad, 'REQUEST_INVALID']);
      }
      expect(await at.head()).toBe(before);
      expect(await make(Buffer.from('/kept-\uFFFD'))).toBe('OK');
      const { entry } = await at.client.files.stat({ path: '/kept-\uFFFD' }, { signal });
      expect(entry?.name).toBe('kept-\uFFFD');
    });

    it('negative numbers, and those that no number here can hold, are refused', async () => {
      for (const number of ['ffffffffffffffffff01', '80808080808080808001', '8080808080808010']) {
        const call = await at.client.channel.open('/collective.v1.AdminService/GetEvent', {
          signal,
          timeoutMs: TIMEOUT_MS,
          requestId: undefined,
        });
        await call.send(Buffer.from(`08${number}`, 'hex'));
        call.endRequests();
        expect([number, await codeOf(call.receive())]).toEqual([number, 'REQUEST_INVALID']);
      }
    });

    it('a content type that is too long is refused, not cut', async () => {
      for (const contentType of ['x'.repeat(256), '€'.repeat(86)]) {
        const file = { ...EMPTY_FILE, path: '/typed', contentType };
        const commit = { requestId: requestId(), uploadId: at.uploadId, files: [file], receipts: [] };
        expect(await onlyOutcome(at.client.files.commitFiles(commit, { signal }))).toBe('LIMIT_EXCEEDED');
      }
    });

    it('a deep directory with long names is listed in pages that fit into messages', async () => {
      const { files } = at.client;
      const deep = `/${Array.from({ length: 16 }, (_, level) => `${level}`.padEnd(250, 'd')).join('/')}`;
      const names = Array.from({ length: 400 }, (_, index) => `entry-${index}`);
      const make = async (paths: readonly string[]): Promise<void> => {
        const directories = paths.map((path) => ({ path, mode: 0o755, modified: undefined, makeParents: true, existOk: false }));
        await files.makeDirectories({ requestId: requestId(), directories }, { signal });
      };
      for (let first = 0; first < names.length; first += 200) {
        await make(names.slice(first, first + 200).map((name) => `${deep}/${name}`));
      }
      const listed: string[] = [];
      let pages = 0;
      for (let more = true; more; pages += 1) {
        const page = await files.listDirectory({ path: deep, afterName: listed.at(-1) ?? '', limit: 0 }, { signal });
        listed.push(...page.entries.map(({ name }) => name));
        ({ more } = page);
      }
      expect(listed).toEqual([...names].sort());
      expect(pages).toBeGreaterThan(2);
      expect(LIMITS.listPageBytes).toBeLessThan(LIMITS.rpcMessageBytes);
    });

    it('the refusals of many long paths fit into one message', async () => {
      const long = 'd'.repeat(200);
      const directories = Array.from({ length: 250 }, (_, index) => ({
        path: `/missing-${index}/${Array.from({ length: 19 }, () => long).join('/')}`,
        mode: 0o755,
        modified: undefined,
        makeParents: false,
        existOk: false,
      }));
      const { outcomes } = await at.client.files.makeDirectories({ requestId: requestId(), directories }, { signal });
      expect(new Set(outcomes.map(({ failure }) => failure?.code))).toEqual(new Set(['NOT_FOUND']));
    });
  });
}
