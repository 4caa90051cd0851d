import { status as Status, type Channel } from '@grpc/grpc-js';
import type { CollectiveError } from '../../../base/index.js';
import type { OpenOptions, RpcCall } from '../channel.js';
import { bufferOf, bytesOf } from './buffers.js';
import { serverLeafOf } from './dial.js';
import { errorOfStatus, requestMetadata } from './metadata.js';

interface Receiving {
  readonly resolve: (message: Uint8Array | undefined) => void;
  readonly reject: (error: CollectiveError) => void;
}

/** Starts a call on a connected channel. `deadline` is what grpc-js wants: ms since 1970, or infinity. */
export function startCall(
  channel: Channel,
  path: string,
  options: OpenOptions,
  deadline: number,
  onEnded: (call: RpcCall) => void,
): RpcCall {
  const call = channel.createCall(path, deadline, null, null, null);
  let receiving: Receiving | undefined;
  let sending: ((accepted: boolean) => void) | undefined;
  let ended: { readonly error: CollectiveError | undefined } | undefined;

  const cancel = (): void => {
    if (ended === undefined) call.cancelWithStatus(Status.CANCELLED, 'The caller gave up.');
  };
  const settle = (waiting: Receiving, error: CollectiveError | undefined): void => {
    if (error === undefined) waiting.resolve(undefined);
    else waiting.reject(error);
  };
  call.start(requestMetadata(options.requestId), {
    onReceiveMetadata: () => undefined,
    onReceiveMessage(message: Buffer) {
      receiving?.resolve(bytesOf(message));
      receiving = undefined;
    },
    onReceiveStatus(status) {
      options.signal.removeEventListener('abort', cancel);
      ended = { error: errorOfStatus(status) };
      if (receiving !== undefined) settle(receiving, ended.error);
      receiving = undefined;
      sending?.(false);
      sending = undefined;
      onEnded(outgoing);
    },
  });
  options.signal.addEventListener('abort', cancel, { once: true });
  if (options.signal.aborted) cancel();

  const outgoing: RpcCall = {
    serverLeaf: serverLeafOf(channel),
    send(message) {
      if (ended !== undefined) return Promise.resolve(false);
      return new Promise((resolve) => {
        sending = resolve;
        call.sendMessageWithContext(
          {
            // With an error the status follows, which is where it is told.
            callback: (error) => {
              sending = undefined;
              resolve(error === undefined || error === null);
            },
          },
          bufferOf(message),
        );
      });
    },
    endRequests() {
      if (ended === undefined) call.halfClose();
    },
    receive() {
      return new Promise((resolve, reject) => {
        if (ended !== undefined) {
          settle({ resolve, reject }, ended.error);
          return;
        }
        receiving = { resolve, reject };
        call.startRead();
      });
    },
    cancel,
  };
  return outgoing;
}
