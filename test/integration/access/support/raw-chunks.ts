import { encodeFrame, FRAME, FRAME_HEADER_BYTES, type FrameType } from '../../../../src/transport/chunk-protocol/frames.js';
import { decodeError } from '../../../../src/transport/chunk-protocol/messages.js';
import type { Attempt } from './raw-rpc.js';
import { closed, rawSocket, type Shown } from './raw-tls.js';

export interface RawFrame {
  readonly type: FrameType;
  readonly request: number;
  readonly body: Uint8Array;
}

const WAIT_MS = 20_000;
const NAMES = new Map<number, string>(Object.entries(FRAME).map(([name, value]) => [value, name]));

/** Sends frames to a data port on a connection of its own, and tells how the request `awaited` ended. Never rejects. */
export async function rawConversation(
  port: number,
  shown: Shown,
  frames: readonly RawFrame[],
  awaited: number,
  onConnected: (localPort: number) => void = () => undefined,
): Promise<Attempt & { readonly answer?: RawFrame }> {
  const socket = rawSocket(port, shown);
  let localPort = 0;
  let how = 'closed';
  socket.once('connect', () => {
    localPort = socket.localPort ?? 0;
    onConnected(localPort);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    how = error.code ?? error.message;
  });
  socket.once(shown.tls ? 'secureConnect' : 'connect', () => {
    socket.write(Buffer.concat(frames.map(({ type, request, body }) => encodeFrame(type, request, body))));
  });
  let received = Buffer.alloc(0);
  const answer = new Promise<RawFrame>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      for (let frame = first(received); frame !== undefined; frame = first(received)) {
        received = received.subarray(FRAME_HEADER_BYTES + frame.body.length);
        if (frame.type === FRAME.goAway || frame.request === awaited) resolve(frame);
      }
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), WAIT_MS);
  });
  const cut = closed(socket).then(() => undefined);
  const ended = await Promise.race([answer, cut, late]);
  clearTimeout(timer);
  socket.destroy();
  if (ended === undefined) return { kind: 'cut', how, localPort };
  if (ended.type === FRAME.error || ended.type === FRAME.goAway) {
    const { code, message } = decodeError(ended.body);
    return { kind: 'answered', code, message, localPort, answer: ended };
  }
  return { kind: 'answered', code: 'OK', message: NAMES.get(ended.type) ?? '', localPort, answer: ended };
}

function first(bytes: Buffer): RawFrame | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  const length = bytes.readUInt32BE(0);
  if (bytes.length < FRAME_HEADER_BYTES + length) return undefined;
  const type = bytes.readUInt8(4) as FrameType;
  const body = Uint8Array.from(bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length));
  return { type, request: bytes.readUInt32BE(5), body };
}
