import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fromUtf8, LIMITS, utf8 } from '../../../src/base/index.js';
import { readConfigFile, readSmallFile, writeConfigFile, writeFileAtomically } from '../../../src/runtime/index.js';
import { failureOf, told } from '../../support/failures.js';
import { SeededRandom, SimFileSystem } from '../../simulation/ports/index.js';

const PATH = '/config.json';
const random = new SeededRandom(1);

const read = async (fileSystem: SimFileSystem): Promise<string> =>
  fromUtf8(await readSmallFile(fileSystem, PATH, LIMITS.configFileBytes)) ?? 'not UTF-8';

describe('writing a file atomically', () => {
  it('makes it and replaces it, and leaves nothing else behind', async () => {
    const fileSystem = new SimFileSystem();
    await writeFileAtomically({ fileSystem, random }, PATH, utf8('first'));
    await writeFileAtomically({ fileSystem, random }, PATH, utf8('second'));
    expect(await read(fileSystem)).toBe('second');
    expect(await fileSystem.readDirectory('/')).toEqual(['config.json']);
    expect(fileSystem.openHandles).toBe(0);
  });

  it('is durable once it has returned, whatever the crash', async () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const fileSystem = new SimFileSystem({ random: new SeededRandom(seed) });
      await writeFileAtomically({ fileSystem, random }, PATH, utf8('first'));
      await writeFileAtomically({ fileSystem, random }, PATH, utf8('second'));
      expect(await read(fileSystem.crash(seed === 0 ? 'nothing' : 'random'))).toBe('second');
    }
  });

  it('leaves the old content or the new when power goes at any operation, never a part', async () => {
    const seen = new Set<string>();
    for (let operation = 1; operation <= 7; operation += 1) {
      for (let seed = 0; seed < 30; seed += 1) {
        const fileSystem = new SimFileSystem({ random: new SeededRandom(seed) });
        await writeFileAtomically({ fileSystem, random }, PATH, utf8('old'));
        fileSystem.faults.cutPowerAt(operation);
        const written = await writeFileAtomically({ fileSystem, random }, PATH, utf8('new'.repeat(1000))).then(
          () => true,
          () => false,
        );
        const content = await read(fileSystem.crash());
        seen.add(content === 'old' ? 'old' : content === 'new'.repeat(1000) ? 'new' : content);
        expect(!written || content !== 'old').toBe(true);
      }
    }
    expect(seen).toEqual(new Set(['old', 'new']));
  });

  it('fails with the cause, keeps the old content and cleans up when any operation fails', async () => {
    for (const operation of ['open', 'write', 'sync', 'rename'] as const) {
      const fileSystem = new SimFileSystem();
      await writeFileAtomically({ fileSystem, random }, PATH, utf8('old'));
      fileSystem.faults.plan({ operation, errno: 'ENOSPC' });
      const attempt = writeFileAtomically({ fileSystem, random }, PATH, utf8('new'));
      expect(told(await failureOf(attempt))).toMatch(/^ENOSPC:/);
      expect(await read(fileSystem)).toBe('old');
      expect(await fileSystem.readDirectory('/')).toEqual(['config.json']);
      expect(fileSystem.openHandles).toBe(0);
    }
  });
});

describe('configuration files', () => {
  const schema = z.strictObject({ name: z.string(), port: z.number().int() });

  it('are read as they were written', async () => {
    const fileSystem = new SimFileSystem();
    await writeConfigFile({ fileSystem, random }, PATH, schema, { name: 'alice', port: 7400 });
    expect(await readConfigFile(fileSystem, PATH, schema)).toEqual({ name: 'alice', port: 7400 });
    expect(await read(fileSystem)).toBe('{\n  "name": "alice",\n  "port": 7400\n}\n');
  });

  const failureWith = async (content: Uint8Array): Promise<string> => {
    const fileSystem = new SimFileSystem();
    await writeFileAtomically({ fileSystem, random }, PATH, content);
    return told(await failureOf(readConfigFile(fileSystem, PATH, schema)));
  };

  it('that are missing, malformed or too large are refused with the place of the mistake', async () => {
    expect(told(await failureOf(readConfigFile(new SimFileSystem(), PATH, schema)))).toBe('NOT_FOUND: There is no /config.json.');
    expect(await failureWith(utf8('{"name": '))).toMatch(/^CONFIG_INVALID: \/config.json cannot be used: .*JSON/);
    expect(await failureWith(Uint8Array.of(0xff, 0xfe))).toMatch(/^CONFIG_INVALID: .*UTF-8/);
    expect(await failureWith(utf8('{"name": "alice", "port": "x"}'))).toMatch(/^CONFIG_INVALID: .*port: .*number/);
    expect(await failureWith(utf8('{"name": "alice", "port": 1, "prot": 2}'))).toMatch(/^CONFIG_INVALID: .*prot/);
    expect(await failureWith(new Uint8Array(LIMITS.configFileBytes + 1))).toMatch(/^LIMIT_EXCEEDED:/);
  });

  it('with thousands of mistakes give a short message', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key-${index}`, 1]));
    const list = z.record(z.string(), z.string());
    const fileSystem = new SimFileSystem();
    await writeFileAtomically({ fileSystem, random }, PATH, utf8(JSON.stringify(many)));
    expect(told(await failureOf(readConfigFile(fileSystem, PATH, list))).length).toBeLessThan(1000);
  });
});
