import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Machine, Network } from '../support/cluster/index.js';

const run = promisify(execFile);
/** Sends one datagram, and prints whether an answer came within so many milliseconds. */
const ASK = `
  const socket = require('node:dgram').createSocket('udp4');
  const silent = setTimeout(() => { console.log('silence'); socket.close(); }, Number(process.argv[2]));
  socket.on('message', () => { console.log('answered'); clearTimeout(silent); socket.close(); });
  socket.send('hello', 7, process.argv[1]);`;
const ANSWERED_WITHIN_MS = 30_000;
/** Where no answer may come, however long one waits. */
const SILENT_FOR_MS = 500;
/** Answers every datagram; tells of each. */
const ANSWER = `
  const socket = require('node:dgram').createSocket('udp4');
  socket.on('message', (_, { address, port }) => { console.log('heard'); socket.send('hello', port, address); });
  socket.bind(7, () => console.log('ready'));`;

let network: Network;
let alice: Machine;
let bob: Machine;
const heard: string[] = [];

beforeAll(async () => {
  network = await Network.create();
  alice = await network.add('alice');
  bob = await network.add('bob');
  const [program = '', ...within] = bob.within;
  const server = spawn(program, [...within, process.execPath, '-e', ANSWER], { stdio: ['ignore', 'pipe', 'inherit'] });
  server.stdout.on('data', (lines: Buffer) => heard.push(...lines.toString().trim().split('\n')));
  await once(server.stdout, 'data');
});

afterAll(async () => {
  await network.remove();
});

async function ask(address: string, withinMs = ANSWERED_WITHIN_MS): Promise<string> {
  const [program = '', ...within] = alice.within;
  const { stdout } = await run(program, [...within, process.execPath, '-e', ASK, address, String(withinMs)]);
  return stdout.trim();
}

describe('machines of their own', () => {
  it('reach each other by their addresses, and no interface of theirs is on this machine', async () => {
    expect(await ask(bob.address)).toBe('answered');
    expect(JSON.stringify(networkInterfaces())).not.toContain(bob.address.replace(/\d+$/, ''));
    await expect.poll(() => heard, { timeout: ANSWERED_WITHIN_MS }).toEqual(['ready', 'heard']);
  });

  it('are cut off from each other in one direction or both, and heal', async () => {
    await network.cut('bob', 'alice', true);
    expect(await ask(bob.address, SILENT_FOR_MS)).toBe('silence');
    await expect.poll(() => heard, { timeout: ANSWERED_WITHIN_MS }).toHaveLength(3);
    await network.cut('alice', 'bob');
    expect(await ask(bob.address, SILENT_FOR_MS)).toBe('silence');
    expect(heard).toHaveLength(3);
    await network.healAll();
    expect(await ask(bob.address)).toBe('answered');
  });

  it('change their address', async () => {
    const before = bob.address;
    await bob.moveTo(network.freeAddress());
    expect(await ask(before, SILENT_FOR_MS)).toBe('silence');
    expect(await ask(bob.address)).toBe('answered');
  });

  it('are removed, with what runs in them, when the run that made them was killed', async () => {
    const other = spawn(process.execPath, ['--import', 'tsx', '-e', LEFT_BEHIND], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    const exited = once(other, 'exit');
    other.kill('SIGKILL');
    await exited;
    const left = await namespacesOf(other.pid);
    expect(left).toHaveLength(2);
    await (await Network.create()).remove();
    expect(await namespacesOf(other.pid)).toEqual([]);
  });
});

const LEFT_BEHIND = `
  const { Network } = await import(${JSON.stringify(new URL('../support/cluster/index.ts', import.meta.url).href)});
  await (await Network.create()).add('forgotten');
  console.log('made');
  setInterval(() => undefined, 1000);`;

async function namespacesOf(pid: number | undefined): Promise<readonly string[]> {
  const { stdout } = await run('ip', ['netns', 'list']);
  return stdout.split('\n').filter((line) => line.startsWith(`collnet-${pid}-`));
}
