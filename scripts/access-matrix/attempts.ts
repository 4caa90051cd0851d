import {
  encodeGet,
  encodeHello,
  encodeList,
  encodePut,
  encodeTicket,
  OWN_HELLO,
} from '../../src/transport/chunk-protocol/messages.js';
import { rawConversation, type RawFrame } from '../../test/integration/access/support/raw-chunks.js';
import { type Attempt, grpcFrame, rawCall } from '../../test/integration/access/support/raw-rpc.js';
import type { Shown } from '../../test/integration/access/support/raw-tls.js';
import type { Operation } from './expectations.js';
import type { Goods, Rights } from './goods.js';
import { type DataOperation, frameOf, INTENDED } from './rpcs.js';

/** Tries one operation with one credential, on a connection of its own and by nothing but what goes over the wire. */
export async function attempt(
  port: number,
  shown: Shown,
  operation: Operation,
  goods: Goods,
  onConnected: (localPort: number) => void,
): Promise<Attempt> {
  if (operation.kind === 'data') {
    const frames = conversation(operation.name, goods, await goods.rights());
    return rawConversation(port, shown, frames, frames.at(-1)?.request ?? 0, onConnected);
  }
  const untilFirstBytes = INTENDED[operation.name]?.endless === true;
  const request = { path: `/${operation.name}`, body: grpcFrame(new Uint8Array()), untilFirstBytes };
  return rawCall(port, shown, request, onConnected);
}

const TICKET = 1;
const WORK = 2;

/** Everything up to and including the operation, as its rightful client would send it. */
function conversation(operation: DataOperation, { chunk, bytes }: Goods, rights: Rights): readonly RawFrame[] {
  const read = operation === 'get';
  const hello: RawFrame = { type: frameOf('hello'), request: 0, body: encodeHello(OWN_HELLO) };
  if (operation === 'hello') return [hello];
  const ticket = encodeTicket({
    slot: 0,
    ticket: read ? rights.readTicket : rights.putTicket,
    label: '',
    chunks: read ? [chunk] : [],
  });
  const begun = [hello, { type: frameOf('ticket'), request: TICKET, body: ticket }];
  const then = (body: Uint8Array): RawFrame[] => [...begun, { type: frameOf(operation), request: WORK, body }];
  switch (operation) {
    case 'ticket':
      return begun;
    case 'put':
      return [...then(encodePut({ slot: 0, chunk })), { type: frameOf('data'), request: WORK, body: bytes }];
    case 'hold':
    case 'receipt':
      return then(encodeList({ slot: 0, chunks: [chunk] }));
    case 'get':
      return then(encodeGet({ slot: 0, chunk, range: undefined }));
    default:
      return operation satisfies never;
  }
}
