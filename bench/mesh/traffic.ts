/** What the layers below add to a message: gRPC 5 bytes, HTTP/2 9, a TLS 1.3 record 22. */
const FRAME_BYTES = 36;
/** Of each packet, for IPv4 and TCP with timestamps, and how much of a message it takes. */
const PACKET_BYTES = 52;
const PACKET_CONTENT_BYTES = 1448;

/** A message as it goes over a wire. */
export const wireBytes = (messageBytes: number): number => {
  const framed = messageBytes + FRAME_BYTES;
  return framed + PACKET_BYTES * Math.ceil(framed / PACKET_CONTENT_BYTES);
};

export interface Sent {
  readonly messages: number;
  /** Of the messages alone. */
  readonly bytes: number;
  /** With all that the layers below add. */
  readonly wireBytes: number;
}

const NOTHING: Sent = { messages: 0, bytes: 0, wireBytes: 0 };

/** Counts what coordinators send each other. */
export class Traffic {
  #total = NOTHING;

  add(messageBytes: number, times = 1): void {
    const { messages, bytes, wireBytes: wire } = this.#total;
    this.#total = {
      messages: messages + times,
      bytes: bytes + times * messageBytes,
      wireBytes: wire + times * wireBytes(messageBytes),
    };
  }

  get total(): Sent {
    return this.#total;
  }

  since(before: Sent): Sent {
    const { messages, bytes, wireBytes: wire } = this.#total;
    return { messages: messages - before.messages, bytes: bytes - before.bytes, wireBytes: wire - before.wireBytes };
  }
}
