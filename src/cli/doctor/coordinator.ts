import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { CollectiveError, formatDuration, LIMITS } from '../../base/index.js';
import type { CollectiveClient } from '../../client/index.js';
import { chainPem, trustPem, verifyMemberLeaf, type OwnCredentials } from '../../identity/index.js';
import type { Clock } from '../../ports/index.js';
import { shortTime } from '../format/entries.js';
import { doubtful, failed, fine, wrong, type Check } from './check.js';

type Status = Awaited<ReturnType<CollectiveClient['admin']['status']>>;

/** More than that, and times in the log are odd; much more, and certificates are refused. */
const CLOCK_OFF_MS = 60_000;

const RUNS_THERE = 'See that it runs (collective coordinator start, on its machine), and that address and port are right.';

/** Whether something answers at each address, and who. */
export async function checkWay(endpoints: readonly string[], own: OwnCredentials, clock: Clock): Promise<readonly Check[]> {
  const found: Check[] = [];
  for (const endpoint of endpoints) {
    const tcp = await checkTcp(endpoint);
    found.push(tcp);
    if (tcp.state === 'ok') found.push(await checkTls(endpoint, own, clock));
  }
  // One address that works is enough: the others are those of other networks.
  const works = found.some(({ check, state }) => check === 'tls' && state === 'ok');
  return works ? found.map((each) => (each.state === 'fail' ? { ...each, state: 'warn' as const } : each)) : found;
}

async function checkTcp(endpoint: string): Promise<Check> {
  const socket = connectTcp(addressOf(endpoint));
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(LIMITS.rpcConnectTimeoutMs) });
    return fine('tcp', `${endpoint} takes connections.`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return wrong('tcp', `${endpoint} takes no connection: ${REASONS.get(code) ?? code}.`, RUNS_THERE);
  } finally {
    socket.destroy();
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'the name is not known'],
  ['EAI_AGAIN', 'the name could not be looked up just now'],
  ['ABORT_ERR', 'no answer came'],
  ['ETIMEDOUT', 'no answer came'],
  ['EHOSTUNREACH', 'there is no way to that machine'],
  ['ENETUNREACH', 'there is no way to that network'],
]);

async function checkTls(endpoint: string, own: OwnCredentials, clock: Clock): Promise<Check> {
  const socket = connectTls({
    ...addressOf(endpoint),
    cert: chainPem(own),
    key: own.privateKeyPem,
    ca: trustPem(own),
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    // Who it is, is looked at below: so that it can be said.
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(LIMITS.rpcConnectTimeoutMs) });
    return whoIsThere(endpoint, socket, own, clock);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return wrong(
      'tls',
      `What listens at ${endpoint} does not speak TLS 1.3 as a coordinator does (${why}).`,
      'Check the port: home is 7420 unless it was chosen otherwise.',
    );
  } finally {
    socket.destroy();
  }
}

function whoIsThere(endpoint: string, socket: TLSSocket, own: OwnCredentials, clock: Clock): Check {
  const { raw } = socket.getPeerCertificate(false);
  const verified = verifyMemberLeaf(new Uint8Array(raw), own, { nowMs: clock.nowMs(), roles: ['coordinator'] });
  if (verified.ok) return fine('tls', `${endpoint} is the coordinator, by its certificate.`);
  return failed(
    'tls',
    new CollectiveError(verified.error.code, `${endpoint}: ${verified.error.message}`, nextOf(verified.error)),
  );
}

const nextOf = ({ next }: CollectiveError): { readonly next?: string } => (next === undefined ? {} : { next });

/** Whether it answers, and whether its clock and this one agree. */
export async function checkAnswer(
  client: CollectiveClient,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly checks: readonly Check[]; readonly status?: Status }> {
  try {
    const begunMs = clock.nowMs();
    const status = await client.admin.status(signal);
    const endedMs = clock.nowMs();
    const took = formatDuration(Math.max(1, endedMs - begunMs));
    const answer = fine(
      'coordinator',
      `The coordinator of ${status.memberName} (version ${status.softwareVersion}) answers in ${took}.`,
    );
    return { checks: [answer, checkClock(status.timeMs, (begunMs + endedMs) / 2), checkHealth(status)], status };
  } catch (error) {
    return { checks: [failed('coordinator', error, RUNS_THERE)] };
  }
}

function checkClock(thereMs: number, hereMs: number): Check {
  const offMs = Math.round(hereMs - thereMs);
  const off = formatDuration(Math.max(1, Math.abs(offMs)));
  if (Math.abs(offMs) <= CLOCK_OFF_MS) return fine('clock', `This clock and the coordinator's differ by ${off}.`);
  return wrong(
    'clock',
    `This machine's clock is ${off} ${offMs > 0 ? 'ahead of' : 'behind'} the coordinator's.`,
    `Find out which is wrong: here it is ${shortTime(hereMs)}. Then set it.`,
  );
}

/** Nodes are looked at one by one after this. */
const OF_NODES: ReadonlySet<string> = new Set(['node-unreachable', 'node-suspect', 'node-never-seen', 'node-revoked']);

function checkHealth({ findings }: Status): Check {
  const others = findings.filter(({ code, severity }) => severity !== 'notice' && !OF_NODES.has(code));
  const [worst] = others;
  if (worst === undefined) {
    const well = findings.some(({ code }) => OF_NODES.has(code)) ? 'But for nodes, all' : 'All';
    return fine('health', `${well} is well, says the coordinator.`);
  }
  const next = worst.next === '' ? 'collective status' : worst.next;
  return worst.severity === 'failure' ? wrong('health', worst.message, next) : doubtful('health', worst.message, next);
}

/** Of `host:port`, with IPv6 addresses in brackets. */
function addressOf(endpoint: string): { readonly host: string; readonly port: number } {
  const colon = endpoint.lastIndexOf(':');
  return { host: endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(endpoint.slice(colon + 1)) };
}
