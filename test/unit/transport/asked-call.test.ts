import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { SystemTimers } from '../../../src/runtime/index.js';
import type { AnswerRequest } from '../../../src/transport/generated/collective/v1/peers.js';
import { AskedCall } from '../../../src/transport/rpc/asked/asked-call.js';

const MESSAGES = 50;

setFlagsFromString('--expose-gc');

it('a call that a member has taken up keeps nothing of what it has answered, however long it goes on', async () => {
  const came: WeakRef<Uint8Array>[] = [];
  const answers = async function* (): AsyncGenerator<AnswerRequest, void, undefined> {
    for (let index = 0; index < MESSAGES; index += 1) {
      const value = new Uint8Array(1024);
      came.push(new WeakRef(value));
      yield { part: { $case: 'message', value } };
    }
  };
  const timers = new SystemTimers();
  const call = new AskedCall(answers(), { signal: new AbortController().signal, timers, onEnded: () => undefined });
  for (let index = 0; index < MESSAGES; index += 1) expect((await call.receive())?.length).toBe(1024);
  // What is referred to weakly is kept until the turn ends in which that was looked at.
  await timers.sleep(0, new AbortController().signal);
  runInNewContext('gc()');
  expect(came.filter((each) => each.deref() !== undefined).length).toBeLessThan(3);
  call.cancel();
});
