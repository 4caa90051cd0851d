import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeId } from '../../../src/base/index.js';
import { openLogCopy, openLogForReading } from '../../../src/events/index.js';
import { generateKeyPair, issueLeaf } from '../../../src/identity/index.js';
import { KeptCopies } from '../../../src/node/witness/kept-copies.js';
import { WitnessLoop } from '../../../src/node/witness/witness-loop.js';
import { createClient, WitnessServiceDefinition } from '../../../src/transport/index.js';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';

const { signal } = new AbortController();
const NODE = 'c'.repeat(16) as NodeId;
const NAMES = ['a', 'b', 'c', 'd'];

let coordinator: StartedCoordinator;
let copies: string;

beforeEach(async () => {
  copies = await mkdtemp(join(tmpdir(), 'collective-copies-'));
  coordinator = await StartedCoordinator.found();
  for (const name of NAMES) {
    const modified = { seconds: 1, nanoseconds: 0 };
    const directories = [{ path: `/${name}`, mode: 0o755, modified, makeParents: false, existOk: false }];
    await coordinator.files.makeDirectories({ requestId: `make-${name}`, directories }, { signal });
  }
  await coordinator.stop();
});

afterEach(async () => {
  await coordinator.remove();
  await rm(copies, { recursive: true });
});

const logFolder = (): string => join(coordinator.directory, 'log', coordinator.founded.material.memberId);

async function copyLog(): Promise<void> {
  const { ports, founded } = coordinator;
  const origin = founded.material.memberId;
  const log = await openLogForReading({ ...ports, directory: logFolder(), origin });
  const copy = await openLogCopy({ ...ports, directory: join(copies, origin), origin });
  for await (const { bytes } of log.read({ fromSequence: 1 })) await copy.append([bytes]);
  await copy.close();
}

/** One node with a copy of the log: it was made no witness, so that no quorum of them can ever come. */
async function startNode(): Promise<WitnessLoop> {
  const { ports, transport, founded, homeEndpoint } = coordinator;
  const { memberId, ca, caKeys } = founded.material;
  const keys = generateKeyPair(ports.random, ports.hasher);
  const name = { role: 'node', memberId, nodeId: NODE } as const;
  const leaf = await issueLeaf({ ca, caKeys, name, publicKey: keys.publicKey, nowMs: ports.clock.nowMs(), random: ports.random });
  const channel = transport.connect({
    endpoints: [homeEndpoint],
    own: { memberId, ca, leaf, privateKeyPem: keys.privateKeyPem },
  });
  const loop = new WitnessLoop({
    ...ports,
    client: createClient(WitnessServiceDefinition, channel),
    copies: new KeptCopies({ ...ports, root: copies, origins: [memberId] }),
    diskId: 'another disk',
  });
  loop.start();
  return loop;
}

async function damage(): Promise<string> {
  const [segment = ''] = (await readdir(logFolder())).filter((name) => name.endsWith('.segment'));
  await writeFile(join(logFolder(), segment), 'the bytes of some other file'.repeat(500));
  await writeFile(join(coordinator.directory, 'views', 'CURRENT'), 'neither is this what it was');
  return segment;
}

describe('where another file has overwritten a segment of the log, and the views are damaged too, a start', () => {
  it('mends the log from what one node keeps, and builds the views from it', async () => {
    await copyLog();
    const segment = await damage();
    const node = await startNode();
    try {
      await coordinator.start();
      const { entries } = await coordinator.files.listDirectory({ path: '/', afterName: '', limit: 0 }, { signal });
      expect(entries.map(({ name }) => name)).toEqual(NAMES);
      const { findings } = await coordinator.admin.getStatus({}, { signal });
      const mended = findings.filter(({ code }) => code === 'mended-at-start').map(({ message }) => message);
      expect(mended).toContainEqual(expect.stringMatching(new RegExp(`was mended with what a node keeps of it: .*${segment}`)));
    } finally {
      await coordinator.stop();
      await node.stop();
    }
  });

  it('ends with an error that names the segment, when no node comes', async () => {
    const segment = await damage();
    await expect(coordinator.start()).rejects.toMatchObject({
      code: 'LOG_DAMAGED',
      message: expect.stringContaining(segment) as string,
    });
  });
});
