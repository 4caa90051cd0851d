import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, type MemberId, toBase32 } from '../../../src/base/index.js';
import type { PeerMessage } from '../../../src/transport/index.js';
import { Mallory, claim, claims, hello, type Pulled } from '../../support/peers/mallory.js';
import { type PeerMember, removeTemplates } from '../../support/peers/peer-member.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';

let world: PeerWorld | undefined;
let mallory: Mallory | undefined;
const others: PeerMember[] = [];

afterEach(async () => {
  await mallory?.stop();
  for (const member of others.splice(0)) await member.remove();
  await world?.remove();
});
afterAll(removeTemplates);

/** Alice's log is had by bob; mallory is admitted by both and tells bob what a test says. */
async function three(): Promise<readonly [PeerMember, PeerMember, PeerMember, Mallory]> {
  world = await PeerWorld.of(['alice', 'bob', 'carol'], 'grpc');
  const [alice, bob, carol] = world.members;
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('there are three');
  await world.start(alice);
  await world.start(bob);
  await eventually(() => hasAll(bob, alice));
  for (const each of [alice, bob]) carol.pool.set(each.trusted);
  mallory = new Mallory(carol);
  await mallory.listen();
  return [alice, bob, carol, mallory];
}

const memberIdAt = (at: number): MemberId =>
  toBase32(
    new Uint8Array(32)
      .fill(1)
      .with(0, at % 256)
      .with(1, at >> 8),
  ) as MemberId;

/** A session that the victim begins meanwhile would take the place of hers. */
const onlySheDials = (victim: PeerMember, her: PeerMember): void =>
  victim.pool.set({ ...her.trusted, endpoints: ['127.0.0.1:1'] });

const renaming = (of: PeerMember, name: string) => ({ type: 'MemberRenamed', memberId: of.id, name }) as const;

describe('an admitted member whose coordinator lies', () => {
  const answers: readonly (readonly [string, (held: () => Promise<Uint8Array[]>) => Pulled])[] = [
    [
      'pages without blocks',
      async function* () {
        for (;;) {
          yield { blocks: [] };
          await sleep(1);
        }
      },
    ],
    [
      'what is held already, again and again',
      async function* (held) {
        const blocks = await held();
        for (;;) {
          yield { blocks };
          await sleep(1);
        }
      },
    ],
  ];
  for (const [what, answer] of answers) {
    for (const epoch of [1, 2 ** 40]) {
      it(`cannot keep others from a log by giving ${what} without an end, claiming epoch ${epoch}`, async () => {
        const [alice, bob, carol, liar] = await three();
        const held = async (): Promise<Uint8Array[]> => {
          const blocks: Uint8Array[] = [];
          for await (const block of bob.running.foreign.get(alice.id)?.readBytes({ fromSequence: 1 }) ?? [])
            blocks.push(block.bytes);
          return blocks;
        };
        liar.pull = () => answer(held);
        liar.told = [claims(claim(alice.id, epoch, 2 ** 52))];
        liar.say(bob, liar.told);
        await eventually(() => liar.pulls > 0);
        await alice.running.record(renaming(carol, 'news'));
        await eventually(() => hasAll(bob, alice));
        expect(bob.running.foreign.get(alice.id)?.failure).toBeUndefined();
      });
    }
  }

  it('is sent the proof of a fork a few times, whatever it says to hold and however often it comes', async () => {
    const [alice, bob, carol, liar] = await three();
    await alice.stop();
    const backup = await alice.backup();
    others.push(backup);
    await world?.start(alice);
    await alice.running.record(renaming(carol, 'first'));
    await eventually(() => hasAll(bob, alice));
    await alice.stop();
    await backup.start();
    await backup.running.record(renaming(carol, 'second'));
    await eventually(() => bob.running.foreign.get(alice.id)?.fork !== undefined);
    await backup.stop();
    onlySheDials(bob, carol);
    const madeUp = Array.from({ length: LIMITS.foreignLogs }, (_, at) => claim(memberIdAt(at), 1, 1));
    const peer = liar.client(bob);
    const ending = new AbortController();
    let proofs = 0;
    for (let turn = 0; turn < 5; turn += 1) {
      const outgoing = async function* (): AsyncGenerator<PeerMessage, void, undefined> {
        yield hello(`${turn}`);
        yield claims(...madeUp);
        for (let again = 0; again < 20; again += 1) {
          yield claims(claim(alice.id, 1, 1));
          await sleep(1);
        }
        // It is read from a disk: whatever else comes of all this comes after the first one.
        await eventually(() => proofs > 0);
        yield { message: { $case: 'ping', value: { nonce: 7 } } };
        await sleep(60_000, undefined, { signal: ending.signal }).catch(() => undefined);
      };
      for await (const { message } of peer.session(outgoing(), { signal: ending.signal })) {
        if (message?.$case === 'fork') proofs += 1;
        if (message?.$case === 'pong') break;
      }
    }
    ending.abort();
    expect(proofs).toBeGreaterThan(0);
    expect(proofs).toBeLessThanOrEqual(LIMITS.peerProofs);
  });

  it('begins no more sessions than anybody needs', async () => {
    const [, bob, carol, liar] = await three();
    onlySheDials(bob, carol);
    const peer = liar.client(bob);
    const ending = new AbortController();
    const begin = async (bootId: string): Promise<string> => {
      const outgoing = async function* () {
        yield hello(bootId);
      };
      try {
        for await (const { message } of peer.session(outgoing(), { signal: ending.signal })) return message?.$case ?? '';
        return '';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    };
    const answers: string[] = [];
    const begunMs = performance.now();
    // As many as she may begin at once, and those that came back while she did.
    const most = (): number => LIMITS.peerSessionsAMinute * (1 + (performance.now() - begunMs) / 60_000);
    while (answers.at(-1)?.includes('sessions in a minute') !== true) {
      expect(answers.length).toBeLessThan(most() + 1);
      answers.push(await begin(`${answers.length}`));
    }
    expect(answers[0]).toBe('hello');
    ending.abort();
  });
});
