import type { RpcCall } from '../../../src/transport/index.js';

/** A call whose first message, which is the whole request of most, is given to another one too, later; that one is read to its end. */
export function repeatedCall(call: RpcCall, again: () => Promise<RpcCall>, later: (task: () => void) => void): RpcCall {
  let repeated = false;
  return {
    serverLeaf: call.serverLeaf,
    send: (message) => {
      if (!repeated) {
        const copy = message.slice();
        // Whatever becomes of it, nobody waits for it.
        later(() => void repeat(again, copy).catch(() => undefined));
      }
      repeated = true;
      return call.send(message);
    },
    endRequests: () => call.endRequests(),
    receive: () => call.receive(),
    cancel: () => call.cancel(),
  };
}

async function repeat(again: () => Promise<RpcCall>, message: Uint8Array): Promise<void> {
  const call = await again();
  await call.send(message);
  call.endRequests();
  while ((await call.receive()) !== undefined);
}
