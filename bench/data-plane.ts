import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { accept, type NodeId } from '../src/base/index.js';
import { createSigner, generateKeyPair, verifyLeaf } from '../src/identity/index.js';
import { createTlsNetwork, NodeFileSystem, NodeHasher, SystemClock, SystemRandom, SystemTimers } from '../src/runtime/index.js';
import { ChunkConnection } from '../src/transport/chunk-protocol/index.js';
import { createAuthority, createCredentials } from '../test/support/certificates.js';
import { cpuSeconds, type FromNode, type ToNode } from './data-plane/messages.js';
import { getFile, putFile, type Pipeline } from './data-plane/transfer.js';

/**
 * The chunk path alone: one client process, two node processes, mutual TLS on loopback; a file is put with two copies and got
 * back, hashed at every step. Prints MB/s and CPU seconds per GB. `--profile DIR` writes CPU profiles.
 */
const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '500000000' },
    runs: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '4' },
    profile: { type: 'string' },
  },
});
const fileBytes = Number(values.bytes);
const hasher = new NodeHasher();
const random = new SystemRandom();
const root = await mkdtemp(join(tmpdir(), 'collective-data-plane-'));

interface NodeProcess {
  readonly process: ChildProcess;
  readonly nodeId: NodeId;
  ask(message: ToNode): Promise<FromNode>;
}

function startProcess(name: string): NodeProcess {
  const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const child = fork(fileURLToPath(new URL('./data-plane/node-process.ts', import.meta.url)), [], {
    execArgv: [...process.execArgv.filter((argument) => !argument.startsWith('--cpu-prof')), ...profile],
  });
  return {
    process: child,
    nodeId: name.repeat(16) as NodeId,
    ask: async (message) => {
      const answered = once(child, 'message');
      child.send(message);
      const [answer] = (await answered) as [FromNode];
      return answer;
    },
  };
}

const authority = await createAuthority();
const coordinator = createSigner(generateKeyPair(random, hasher));
const clientCredentials = await createCredentials(authority, { role: 'client' });
const clientIdentity = accept(
  verifyLeaf(clientCredentials.leaf, { ca: authority.ca, memberId: authority.memberId, nowMs: Date.now() }),
);
const nodes = ['a', 'b'].map(startProcess);
const signal = new AbortController().signal;

async function connect(node: NodeProcess): Promise<{ readonly connection: ChunkConnection; readonly nodeId: NodeId }> {
  const { certificateChain, privateKey, trustedCa } = await createCredentials(authority, { role: 'node' });
  const listening = await node.ask({
    kind: 'start',
    start: {
      root: join(root, node.nodeId),
      nodeId: node.nodeId,
      memberId: authority.memberId,
      ticketPublicKey: Buffer.from(coordinator.publicKey).toString('hex'),
      credentials: { certificateChain, privateKey, trustedCa },
    },
  });
  if (listening.kind !== 'listening') throw new Error('the node did not start');
  const stream = await createTlsNetwork().connect({
    host: '127.0.0.1',
    port: listening.port,
    credentials: clientCredentials,
    timeoutMs: 5000,
    signal,
  });
  return {
    connection: await ChunkConnection.open({ stream, hasher, clock: new SystemClock(), timers: new SystemTimers() }, signal),
    nodeId: node.nodeId,
  };
}

interface Usage {
  readonly client: number;
  readonly nodes: number;
}

async function usage(): Promise<Usage> {
  const answers = await Promise.all(nodes.map((node) => node.ask({ kind: 'cpu' })));
  return {
    client: cpuSeconds(),
    nodes: answers.reduce((sum, answer) => sum + (answer.kind === 'cpu' ? answer.cpuSeconds : 0), 0),
  };
}

const results: { readonly what: string; readonly megabytesPerSecond: number; readonly cpu: Usage }[] = [];

async function measured(what: string, run: () => Promise<void>): Promise<void> {
  const before = await usage();
  const startMs = performance.now();
  await run();
  const seconds = (performance.now() - startMs) / 1000;
  const after = await usage();
  const gigabytes = fileBytes / 1e9;
  const cpu = { client: (after.client - before.client) / gigabytes, nodes: (after.nodes - before.nodes) / gigabytes };
  results.push({ what, megabytesPerSecond: fileBytes / 1e6 / seconds, cpu });
  const sum = cpu.client + cpu.nodes;
  console.log(
    `${what.padEnd(6)} ${(fileBytes / 1e6 / seconds).toFixed(0).padStart(4)} MB/s   CPU s/GB: ${sum.toFixed(2)} ` +
      `(client ${cpu.client.toFixed(2)}, both nodes ${cpu.nodes.toFixed(2)})`,
  );
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;

try {
  const fileSystem = new NodeFileSystem();
  const pipeline: Pipeline = {
    connections: await Promise.all(nodes.map(connect)),
    origin: authority.memberId,
    clientKeyHash: clientIdentity.publicKeyHash,
    coordinator,
    hasher,
    random,
    buffers: Array.from({ length: Number(values['in-flight']) }, () => fileSystem.alignedBuffer(4 * 1024 * 1024)),
  };
  for (let run = 0; run < Number(values.runs); run += 1) {
    const path = join(root, `source-${run}`);
    const source = await open(path, 'wx+');
    // Other bytes each time: a chunk that is stored already would not be written again.
    for (let offset = 0; offset < fileBytes; offset += 50_000_000)
      await source.write(random.bytes(Math.min(50_000_000, fileBytes - offset)), 0, undefined, offset);
    await source.sync();
    let chunks: Awaited<ReturnType<typeof putFile>> = [];
    await measured('write', async () => {
      chunks = await putFile(pipeline, source, fileBytes);
    });
    await source.close();
    const target = await fileSystem.open(join(root, `target-${run}`), 'create-new', { direct: true });
    await measured('read', () =>
      getFile(pipeline, chunks, fileBytes, async (bytes, offset) => {
        const padded = new Uint8Array(bytes.buffer, bytes.byteOffset, Math.ceil(bytes.length / 4096) * 4096);
        await target.write(padded, offset);
      }),
    );
    await target.close();
  }
  for (const what of ['write', 'read']) {
    const rows = results.filter((row) => row.what === what);
    console.log(
      `median ${what.padEnd(6)} ${median(rows.map((row) => row.megabytesPerSecond)).toFixed(0)} MB/s, ` +
        `CPU ${median(rows.map((row) => row.cpu.client + row.cpu.nodes)).toFixed(2)} s/GB`,
    );
  }
  const peaks = await Promise.all(nodes.map((node) => node.ask({ kind: 'cpu' })));
  const nodePeaks = peaks.map((peak) => (peak.kind === 'cpu' ? `${(peak.peakRssBytes / 1e6).toFixed(0)} MB` : '?'));
  console.log(`peak memory: client ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB, nodes ${nodePeaks.join(' and ')}`);
  for (const { connection } of pipeline.connections) connection.close();
} finally {
  for (const node of nodes) {
    const exited = once(node.process, 'exit');
    node.process.send({ kind: 'stop' } satisfies ToNode);
    await exited;
  }
  await rm(root, { recursive: true });
}
