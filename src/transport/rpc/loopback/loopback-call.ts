import { CollectiveError } from '../../../base/index.js';
import type { Timers } from '../../../ports/index.js';
import type { OpenOptions, RpcCall } from '../channel.js';
import { errorOfDetail, statusOfError } from '../error-status.js';
import type { IncomingCall } from '../serving.js';
import { MessagePipe } from './message-pipe.js';

/** Both ends of one call in memory. */
export interface LoopbackCall {
  readonly client: RpcCall;
  readonly server: IncomingCall;
}

export function createLoopbackCall(
  { leaf, serverLeaf }: { readonly leaf: Uint8Array | undefined; readonly serverLeaf: Uint8Array },
  options: OpenOptions,
  timers: Timers,
  onEnded: () => void,
): LoopbackCall {
  const requests = new MessagePipe();
  const responses = new MessagePipe();
  const serverSide = new AbortController();
  let over = false;

  const conclude = (): void => {
    over = true;
    deadline?.cancel();
    options.signal.removeEventListener('abort', cancel);
    onEnded();
  };
  const abandon = (error: CollectiveError): void => {
    if (over) return;
    conclude();
    responses.fail(error);
    requests.fail(error);
    serverSide.abort(error);
  };
  const cancel = (): void => {
    abandon(new CollectiveError('CANCELLED', 'The call was cancelled.'));
  };
  const deadline =
    options.timeoutMs === undefined
      ? undefined
      : timers.after(options.timeoutMs, () => {
          abandon(new CollectiveError('DEADLINE_EXCEEDED', 'The coordinator did not answer in time.'));
        });
  const client: RpcCall = {
    serverLeaf,
    send: (message) => requests.send(message),
    endRequests: () => {
      requests.end();
    },
    receive: () => responses.receive(),
    cancel,
  };
  const server: IncomingCall = {
    leaf,
    requestId: options.requestId,
    remote: 'loopback:0',
    signal: serverSide.signal,
    receive: () => requests.receive(),
    send: async (message) => {
      if (!(await responses.send(message))) serverSide.signal.throwIfAborted();
    },
    finish: (error) => {
      if (over) return;
      conclude();
      if (error === undefined) responses.end();
      else responses.fail(throughTheWire(error));
      requests.fail(error ?? new CollectiveError('CANCELLED', 'The call has ended.'));
    },
  };
  options.signal.addEventListener('abort', cancel, { once: true });
  return { client, server };
}

/** Loses what a wire would lose: causes, stacks, and details that are no plain facts. */
const throughTheWire = (error: CollectiveError): CollectiveError => errorOfDetail(statusOfError(error).detail) ?? error;
