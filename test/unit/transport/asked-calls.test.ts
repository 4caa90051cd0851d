import { expect, it } from 'vitest';
import type { MemberId } from '../../../src/base/index.js';
import { SystemTimers } from '../../../src/runtime/index.js';
import { type AnswerRequest, AskedCalls } from '../../../src/transport/index.js';

const bob = 'b'.repeat(52) as MemberId;
const carol = 'c'.repeat(52) as MemberId;
const { signal } = new AbortController();

const LEAF = {
  role: 'coordinator',
  fingerprint: '',
  publicKey: new Uint8Array(44),
  publicKeyHash: new Uint8Array(32),
  notBeforeMs: 0,
  notAfterMs: 1,
} as const;

/** An answer by that member to the call with this number. */
async function* saying(callId: number): AsyncGenerator<AnswerRequest, void, undefined> {
  yield { part: { $case: 'callId', value: callId } };
  yield { part: { $case: 'message', value: Uint8Array.of(callId) } };
  yield { part: { $case: 'end', value: { error: new Uint8Array() } } };
}

it('a call is answered by the member that was asked, once, and by nobody else who guesses its number', async () => {
  const calls = new AskedCalls(new SystemTimers());
  const take = (memberId: MemberId, callId: number): Promise<IteratorResult<unknown>> =>
    calls.take(saying(callId), { caller: { ...LEAF, memberId }, signal }).next();
  let asked = 0;
  let told: () => void = () => undefined;
  const wasAsked = new Promise<void>((resolve) => {
    told = resolve;
  });
  const ask = (callId: number): void => {
    asked = callId;
    told();
  };
  const opening = calls.open({ memberId: bob, ask, ended: signal }, '/service/Method', {
    signal,
    timeoutMs: undefined,
    requestId: undefined,
  });
  await wasAsked;
  await expect(take(carol, asked)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(take(bob, asked + 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const taken = take(bob, asked);
  const call = await opening;
  await expect(take(bob, asked)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await call.send(Uint8Array.of(9));
  expect((await taken).value).toMatchObject({ path: '/service/Method', request: Uint8Array.of(9) });
  expect(await call.receive()).toEqual(Uint8Array.of(asked));
  expect(await call.receive()).toBeUndefined();
});
