import type { Metadata, ServerInterceptingCallInterface, ServerListener } from '@grpc/grpc-js';
import { CollectiveError, LIMITS } from '../../../base/index.js';
import type { Clock } from '../../../ports/index.js';
import type { IncomingCall } from '../serving.js';
import type { GrpcWorld } from './grpc-world.js';
import { bufferOf, bytesOf } from './buffers.js';
import { metadataBytes, requestIdFrom, wireStatus } from './metadata.js';

/** DER of the certificate that this call's connection proved; undefined where none was asked for. */
export function leafOfCall(call: ServerInterceptingCallInterface): Uint8Array | undefined {
  return call.getAuthContext().sslPeerCertificate?.raw;
}

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: CollectiveError) => void;
}

/**
 * Listens to a call in place of grpc-js's own handlers: these read messages ahead of their consumer, and this one pulls each
 * message when it is asked for, so that a slow consumer slows its caller down.
 */
export function takeOver(
  call: ServerInterceptingCallInterface,
  world: GrpcWorld,
  begin: (incoming: IncomingCall) => void,
): ServerListener {
  const aborting = new AbortController();
  let receiving: Waiting<Uint8Array | undefined> | undefined;
  let sending: Waiting<void> | undefined;
  let halfClosed = false;
  let finished = false;

  const finish = (error?: CollectiveError): void => {
    if (finished) return;
    finished = true;
    call.sendStatus(wireStatus(error));
  };
  const incoming = (metadata: Metadata): IncomingCall => ({
    leaf: leafOfCall(call),
    requestId: requestIdFrom(metadata),
    remote: call.getPeer(),
    signal: aborting.signal,
    receive() {
      if (aborting.signal.aborted) return Promise.reject(goneError(call, world.clock));
      if (halfClosed) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        receiving = { resolve, reject };
        call.startRead();
      });
    },
    send(message) {
      if (aborting.signal.aborted || finished) return Promise.reject(goneError(call, world.clock));
      return new Promise((resolve, reject) => {
        sending = { resolve, reject };
        call.sendMessage(bufferOf(message), () => {
          sending = undefined;
          resolve();
        });
      });
    },
    finish,
  });

  return {
    onReceiveMetadata(metadata) {
      const bytes = metadataBytes(metadata);
      if (bytes > LIMITS.rpcMetadataBytes) {
        finish(
          new CollectiveError('LIMIT_EXCEEDED', `The call's metadata have ${bytes} bytes, more than ${LIMITS.rpcMetadataBytes}.`),
        );
        return;
      }
      begin(incoming(metadata));
    },
    onReceiveMessage(message: Buffer) {
      receiving?.resolve(bytesOf(message));
      receiving = undefined;
    },
    onReceiveHalfClose() {
      // Node ends the stream of a caller who gave up as if all had been said, and only then tells that it was torn down.
      world.timers.after(0, () => {
        if (aborting.signal.aborted) return;
        halfClosed = true;
        receiving?.resolve(undefined);
        receiving = undefined;
      });
    },
    onCancel() {
      // Also told of after every orderly end, when nobody waits any more.
      if (finished) return;
      const error = goneError(call, world.clock);
      aborting.abort(error);
      receiving?.reject(error);
      sending?.reject(error);
    },
  };
}

function goneError(call: ServerInterceptingCallInterface, clock: Clock): CollectiveError {
  return Number(call.getDeadline()) <= clock.nowMs()
    ? new CollectiveError('DEADLINE_EXCEEDED', 'The deadline of the call has passed.')
    : new CollectiveError('CANCELLED', 'The caller is gone.');
}
