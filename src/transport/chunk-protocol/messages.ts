import { CollectiveError, isErrorCode, isRequestId, LIMITS, type ErrorCode } from '../../base/index.js';
import { chunkIdBytes, chunkIdFromBytes, HASH_BYTES, type ChunkEntry } from '../../chunks/index.js';
import { BodyReader, BodyWriter } from './body-reader.js';

/** What a connection begins with, both ways: what its sender speaks and accepts. */
export interface Hello {
  readonly versionMin: number;
  readonly versionMax: number;
  readonly controlFrameBytes: number;
  readonly dataFrameBytes: number;
  readonly requestsInFlight: number;
  readonly ticketSlots: number;
}

export const PROTOCOL_VERSION = 1;
/** `collchnk`: tells a stray connection from one that speaks this protocol. */
const MAGIC = Uint8Array.of(0x63, 0x6f, 0x6c, 0x6c, 0x63, 0x68, 0x6e, 0x6b);
const CHUNK_ID_BYTES = HASH_BYTES + 1;
const ENTRY_BYTES = CHUNK_ID_BYTES + 4;

export const OWN_HELLO: Hello = {
  versionMin: PROTOCOL_VERSION,
  versionMax: PROTOCOL_VERSION,
  controlFrameBytes: LIMITS.controlFrameBytes,
  dataFrameBytes: LIMITS.frameBytes,
  requestsInFlight: LIMITS.requestsInFlightPerConnection,
  ticketSlots: LIMITS.ticketsPerConnection,
};

export const encodeHello = (hello: Hello): Uint8Array =>
  new BodyWriter()
    .bytes(MAGIC)
    .uint16(hello.versionMin)
    .uint16(hello.versionMax)
    .uint32(hello.controlFrameBytes)
    .uint32(hello.dataFrameBytes)
    .uint16(hello.requestsInFlight)
    .uint16(hello.ticketSlots)
    .finish();

/** Later versions may append fields: what follows is ignored. */
export function decodeHello(body: Uint8Array): Hello {
  const reader = new BodyReader(body);
  const magic = reader.bytes(MAGIC.length);
  if (magic.some((byte, index) => byte !== MAGIC[index])) throw violation('The other end does not speak the chunk protocol.');
  return {
    versionMin: reader.uint16(),
    versionMax: reader.uint16(),
    controlFrameBytes: reader.uint32(),
    dataFrameBytes: reader.uint32(),
    requestsInFlight: reader.uint16(),
    ticketSlots: reader.uint16(),
  };
}

/** Error: PROTOCOL_ERROR where the ends have no version in common. */
export function checkVersions(theirs: Hello): void {
  if (theirs.versionMin > PROTOCOL_VERSION || theirs.versionMax < PROTOCOL_VERSION) {
    throw new CollectiveError(
      'PROTOCOL_ERROR',
      `The other end speaks versions ${theirs.versionMin} to ${theirs.versionMax} of the chunk protocol, this one version ${PROTOCOL_VERSION}.`,
      { next: 'Bring both ends to the same version of the program.' },
    );
  }
  const sane =
    theirs.controlFrameBytes >= 4096 && theirs.dataFrameBytes >= 4096 && theirs.requestsInFlight > 0 && theirs.ticketSlots > 0;
  if (!sane) throw violation('The other end announces limits that nothing fits in.');
}

export interface TicketMessage {
  readonly slot: number;
  readonly ticket: Uint8Array;
  /** What the client calls its work by, for the logs of both ends. */
  readonly label: string;
  /** The list that a read ticket is about; empty for others. */
  readonly chunks: readonly ChunkEntry[];
}

export const encodeTicket = ({ slot, ticket, label, chunks }: TicketMessage): Uint8Array =>
  writeEntries(new BodyWriter().uint16(slot).uint16(ticket.length).bytes(ticket).text(label), chunks).finish();

export function decodeTicket(body: Uint8Array): TicketMessage {
  const reader = new BodyReader(body);
  const slot = reader.uint16();
  const ticketBytes = reader.uint16();
  if (slot >= LIMITS.ticketsPerConnection)
    throw violation(`Slot ${slot} is beyond the ${LIMITS.ticketsPerConnection} of a connection.`);
  if (ticketBytes > LIMITS.ticketBytes) throw violation('A ticket is too long.');
  const ticket = reader.bytes(ticketBytes);
  const label = reader.text();
  if (label !== '' && !isRequestId(label)) throw violation('The label of a ticket is malformed.');
  const chunks = readEntries(reader, LIMITS.chunksPerTicket);
  reader.end();
  return { slot, ticket, label, chunks };
}

/** A chunk that is to be sent or was asked for, under the ticket in a slot. */
export interface ChunkMessage {
  readonly slot: number;
  readonly chunk: ChunkEntry;
}

export const encodePut = ({ slot, chunk }: ChunkMessage): Uint8Array => writeEntry(new BodyWriter().uint16(slot), chunk).finish();

export function decodePut(body: Uint8Array): ChunkMessage {
  const reader = new BodyReader(body);
  const message = { slot: reader.uint16(), chunk: readEntry(reader) };
  reader.end();
  return message;
}

/** A list of chunks under the ticket in a slot: which are held, or a receipt for all. */
export interface ListMessage {
  readonly slot: number;
  readonly chunks: readonly ChunkEntry[];
}

export const encodeList = ({ slot, chunks }: ListMessage): Uint8Array =>
  writeEntries(new BodyWriter().uint16(slot), chunks).finish();

export function decodeList(body: Uint8Array): ListMessage {
  const reader = new BodyReader(body);
  const message = { slot: reader.uint16(), chunks: readEntries(reader, LIMITS.chunksPerCall) };
  reader.end();
  return message;
}

export interface GetMessage extends ChunkMessage {
  /** Undefined: the whole chunk. */
  readonly range: { readonly offset: number; readonly bytes: number } | undefined;
}

export const encodeGet = ({ slot, chunk, range }: GetMessage): Uint8Array =>
  writeEntry(new BodyWriter().uint16(slot), chunk)
    .uint32(range?.offset ?? 0)
    .uint32(range?.bytes ?? 0)
    .finish();

export function decodeGet(body: Uint8Array): GetMessage {
  const reader = new BodyReader(body);
  const slot = reader.uint16();
  const chunk = readEntry(reader);
  const range = { offset: reader.uint32(), bytes: reader.uint32() };
  reader.end();
  return { slot, chunk, range: range.bytes === 0 ? undefined : range };
}

/** What precedes a chunk's bytes on their way to the client. */
export interface ChunkHead {
  readonly chunkLengthBytes: number;
  readonly firstLeaf: number;
  /** Bytes that follow in data frames. */
  readonly bytes: number;
  /** Empty for a whole chunk. */
  readonly proof: Uint8Array;
}

export const encodeChunkHead = (head: ChunkHead): Uint8Array =>
  new BodyWriter().uint32(head.chunkLengthBytes).uint32(head.firstLeaf).uint32(head.bytes).bytes(head.proof).finish();

export function decodeChunkHead(body: Uint8Array): ChunkHead {
  const reader = new BodyReader(body);
  const head = { chunkLengthBytes: reader.uint32(), firstLeaf: reader.uint32(), bytes: reader.uint32() };
  return { ...head, proof: reader.bytes(reader.remaining) };
}

export const encodeHeld = (held: readonly boolean[]): Uint8Array => Uint8Array.from(held, (one) => (one ? 1 : 0));

export function decodeHeld(body: Uint8Array, count: number): readonly boolean[] {
  if (body.length !== count || body.some((byte) => byte > 1)) throw violation('The answer about held chunks is malformed.');
  return Array.from(body, (byte) => byte === 1);
}

/** Code, message, next and details (JSON) as texts. */
export function encodeError(error: CollectiveError): Uint8Array {
  const details = JSON.stringify(error.details);
  return new BodyWriter()
    .text(error.code)
    .text(error.message)
    .text(error.next ?? '')
    .text(details.length <= 2048 ? details : '{}')
    .finish();
}

/** What the other end says went wrong; a code that this version does not know becomes UNAVAILABLE. */
export function decodeError(body: Uint8Array): CollectiveError {
  const reader = new BodyReader(body);
  const sentCode = reader.text();
  const message = reader.text();
  const next = reader.text();
  const details = detailsOf(reader.text());
  const code: ErrorCode = isErrorCode(sentCode) ? sentCode : 'UNAVAILABLE';
  return new CollectiveError(code, message, { details, ...(next === '' ? {} : { next }) });
}

function detailsOf(text: string): Record<string, string | number | boolean> {
  const details: Record<string, string | number | boolean> = {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return details;
    throw error;
  }
  if (typeof parsed !== 'object' || parsed === null) return details;
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') details[name] = value;
  }
  return details;
}

function writeEntries(writer: BodyWriter, chunks: readonly ChunkEntry[]): BodyWriter {
  writer.uint32(chunks.length);
  for (const chunk of chunks) writeEntry(writer, chunk);
  return writer;
}

const writeEntry = (writer: BodyWriter, { chunkId, lengthBytes }: ChunkEntry): BodyWriter =>
  writer.bytes(chunkIdBytes(chunkId)).uint32(lengthBytes);

function readEntries(reader: BodyReader, countMax: number): readonly ChunkEntry[] {
  const count = reader.uint32();
  if (count > countMax) throw violation(`A list names ${count} chunks, more than ${countMax}.`);
  if (reader.remaining < count * ENTRY_BYTES) throw violation('A list of chunks is shorter than it says.');
  return Array.from({ length: count }, () => readEntry(reader));
}

function readEntry(reader: BodyReader): ChunkEntry {
  const chunkId = chunkIdFromBytes(reader.bytes(CHUNK_ID_BYTES));
  const lengthBytes = reader.uint32();
  if (chunkId === undefined) throw violation('A chunk id is malformed.');
  if (lengthBytes === 0 || lengthBytes > LIMITS.chunkBytesLarge) throw violation(`No chunk has ${lengthBytes} bytes.`);
  return { chunkId, lengthBytes };
}

export const violation = (message: string): CollectiveError => new CollectiveError('PROTOCOL_ERROR', message);
