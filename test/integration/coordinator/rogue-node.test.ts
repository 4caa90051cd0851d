import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { parseBlock } from '../../../src/events/index.js';
import type { OwnCredentials } from '../../../src/identity/index.js';
import {
  createClient,
  type Failure,
  type KeepRequest,
  redeemInvite,
  type RpcChannel,
  type RpcClient,
  WitnessServiceDefinition,
} from '../../../src/transport/index.js';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';
import { errorOf } from '../../support/rpc.js';
import { deferred } from '../../support/streams.js';

const { signal } = new AbortController();
let coordinator: StartedCoordinator;
let channels: RpcChannel[] = [];
let requests = 0;

beforeEach(async () => {
  coordinator = await StartedCoordinator.found();
});

afterEach(async () => {
  for (const channel of channels) channel.close();
  channels = [];
  await coordinator.remove();
});

const requestId = (): string => `request-${(requests += 1)}`;

async function join(name: string): Promise<OwnCredentials> {
  const { admin, ports, transport } = coordinator;
  const { invite } = await admin.issueInvite({ requestId: requestId(), kind: 'node', name, lifeMs: 0 }, { signal });
  return (await redeemInvite({ invite, kind: 'node', name, signal }, { ...ports, transport })).own;
}

function witnessAs(own: OwnCredentials): RpcClient<typeof WitnessServiceDefinition> {
  const channel = coordinator.connectAs(own);
  channels.push(channel);
  return createClient(WitnessServiceDefinition, channel);
}

const hello = (diskId: string): KeepRequest => ({ message: { $case: 'hello', value: { diskId, copies: [] } } });

/** Says that it keeps whatever it is sent. Ends with its stream. */
async function agree(client: RpcClient<typeof WitnessServiceDefinition>, diskId: string): Promise<void> {
  const upward: KeepRequest[] = [hello(diskId)];
  let wake = deferred<void>();
  async function* up(): AsyncGenerator<KeepRequest> {
    for (;;) {
      for (let next = upward.shift(); next !== undefined; next = upward.shift()) yield next;
      await wake.promise;
      wake = deferred<void>();
    }
  }
  for await (const { message } of client.keep(up(), { signal })) {
    if (message?.$case !== 'keep') continue;
    const { origin, blocks } = message.value;
    const parsed = parseBlock(blocks.at(-1) ?? new Uint8Array(), coordinator.ports.hasher);
    if (!parsed.ok) throw parsed.error;
    const { header, headerHash, lastSequence: sequence } = parsed.value;
    upward.push({ message: { $case: 'kept', value: { origin, epoch: header.epoch, sequence, headerHash } } });
    wake.resolve();
  }
}

/** Says hello and nothing else, and never ends its side. */
async function keepSilent(client: RpcClient<typeof WitnessServiceDefinition>): Promise<void> {
  async function* up(): AsyncGenerator<KeepRequest> {
    yield hello('silent');
    await new Promise<never>(() => undefined);
  }
  for await (const _message of client.keep(up(), { signal }));
}

/** Until what is there is kept by that node, and counted. */
async function untilCounted(name: string): Promise<void> {
  for (;;) {
    const { summary } = await coordinator.witnesses.listWitnesses({}, { signal });
    if (summary?.witnesses.some((witness) => witness.name === name && witness.state === 'in-step') === true) return;
  }
}

/** Why nothing is recorded, once the coordinator has seen that it cannot. */
async function refusal(): Promise<Failure> {
  for (;;) {
    const { summary } = await coordinator.witnesses.listWitnesses({}, { signal });
    if (summary?.refusal !== undefined) return summary.refusal;
  }
}

const makeDirectory = async (path: string): Promise<string | undefined> => {
  const modified = { seconds: 1_700_000_000, nanoseconds: 0 };
  const directories = [{ path, mode: 0o755, modified, makeParents: false, existOk: false }];
  const { outcomes } = await coordinator.files.makeDirectories({ requestId: requestId(), directories }, { signal });
  return outcomes[0]?.failure?.code;
};

/** Who keeps the log, by name. */
const witnesses = async (): Promise<readonly string[]> => {
  const { summary } = await coordinator.witnesses.listWitnesses({}, { signal });
  return (summary?.witnesses ?? []).filter(({ state }) => state === 'in-step').map(({ name }) => name);
};

describe('a witness that is revoked', () => {
  it('is replaced at once by another node that keeps up, and each step is an event', async () => {
    const names = ['one', 'two', 'three', 'spare'];
    const ended: Promise<unknown>[] = [];
    for (const name of names) {
      ended.push(errorOf(agree(witnessAs(await join(name)), `disk of ${name}`)));
      if (name !== 'spare') await untilCounted(name);
    }
    const [gone = ''] = await witnesses();
    const revoking = { requestId: requestId(), role: 'node', subject: gone, note: '', force: false };
    await coordinator.admin.revokeCertificates(revoking, { signal });
    await untilCounted('spare');
    expect((await witnesses()).toSorted()).toEqual(names.filter((name) => name !== gone).toSorted());
    const types: string[] = [];
    const all = { fromSequence: 1, limit: 0, last: 0, follow: false, types: ['CertificateRevoked', 'WitnessesChanged'] };
    for await (const { events } of coordinator.admin.listEvents(all, { signal })) types.push(...events.map(({ type }) => type));
    const revokedAt = types.indexOf('CertificateRevoked');
    expect(revokedAt).toBeGreaterThan(0);
    expect(types.slice(revokedAt + 1)).toContain('WitnessesChanged');
    expect(String(await ended[names.indexOf(gone)])).toContain('revoked');
  });
});

describe('a node with a program of its own', () => {
  it('that opens streams for copies without end keeps no other node out', async () => {
    const [rogue, honest] = [await join('rogue'), await join('honest')];
    const client = witnessAs(rogue);
    let before: ReturnType<typeof errorOf> | undefined;
    for (let count = 0; count < LIMITS.witnessStreams + 2; count += 1) {
      const stream = errorOf(keepSilent(client));
      if (before !== undefined) expect((await before).code).toBe('UNAVAILABLE');
      before = stream;
    }
    const keeping = errorOf(agree(witnessAs(honest), 'another'));
    expect(await Promise.race([untilCounted('honest'), keeping])).toBeUndefined();
  });

  it('does not count as a witness once it is revoked, now and after a restart', async () => {
    const keeping = errorOf(agree(witnessAs(await join('rogue')), 'another'));
    await untilCounted('rogue');
    const revoking = { requestId: requestId(), role: 'node', subject: 'rogue', note: '', force: false };
    await coordinator.admin.revokeCertificates(revoking, { signal });
    expect((await keeping).code).toBe('CERTIFICATE_REVOKED');
    expect(await makeDirectory('/after')).toBeUndefined();
    await coordinator.stop();
    await coordinator.start();
    expect(await makeDirectory('/again')).toBeUndefined();
  });
});

describe('a witness that is lost for good', () => {
  it('is done without once an operator says so, and the log goes on with whoever comes', async () => {
    const keeping = errorOf(agree(witnessAs(await join('burnt')), 'another'));
    await untilCounted('burnt');
    for (const channel of channels) channel.close();
    await keeping;
    expect((await refusal()).next).toMatch(/collective witness set --automatic --lost$/);
    expect(await makeDirectory('/refused')).toBe('WITNESSES_UNREACHABLE');
    const wish = { requestId: requestId(), nodes: [], required: 0, automatic: true };
    expect((await errorOf(coordinator.witnesses.nameWitnesses({ ...wish, evenAlone: false }, { signal }))).code).toBe(
      'WITNESSES_UNREACHABLE',
    );
    const { summary } = await coordinator.witnesses.nameWitnesses({ ...wish, evenAlone: true }, { signal });
    expect(summary?.witnesses).toEqual([]);
    expect(await makeDirectory('/after')).toBeUndefined();
    const another = errorOf(agree(witnessAs(await join('new')), 'another'));
    expect(await Promise.race([untilCounted('new'), another])).toBeUndefined();
  });
});
