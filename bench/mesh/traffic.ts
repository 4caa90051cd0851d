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

/** An HTTP/2 ping or its answer. */
const PING_FRAME_BYTES = 17 + 22 + PACKET_BYTES;

/** What the pings of HTTP/2 come to on one connection, in bytes a second, by the side that dialled: they are not among the messages. */
export const keepAliveBytes = (everyMs: number): number => (2 * PING_FRAME_BYTES * 1000) / everyMs;

export interface Sent {
  readonly messages: number;
  /** Of the messages alone. */
  readonly bytes: number;
  /** With all that the layers below add. */
  readonly wireBytes: number;
  readonly byKind: ReadonlyMap<string, { readonly messages: number; readonly wireBytes: number }>;
}

/** Counts what coordinators send each other. */
export class Traffic {
  #messages = 0;
  #bytes = 0;
  #wireBytes = 0;
  readonly #byKind = new Map<string, { messages: number; wireBytes: number }>();

  add(messageBytes: number, kind: string): void {
    const wire = wireBytes(messageBytes);
    this.#messages += 1;
    this.#bytes += messageBytes;
    this.#wireBytes += wire;
    const known = this.#byKind.get(kind) ?? { messages: 0, wireBytes: 0 };
    known.messages += 1;
    known.wireBytes += wire;
    this.#byKind.set(kind, known);
  }

  get total(): Sent {
    const byKind = new Map(Array.from(this.#byKind, ([kind, sent]) => [kind, { ...sent }] as const));
    return { messages: this.#messages, bytes: this.#bytes, wireBytes: this.#wireBytes, byKind };
  }

  since(before: Sent): Sent {
    const { messages, bytes, wireBytes: wire, byKind } = this.total;
    const kinds = Array.from(byKind, ([kind, sent]) => {
      const then = before.byKind.get(kind) ?? { messages: 0, wireBytes: 0 };
      return [kind, { messages: sent.messages - then.messages, wireBytes: sent.wireBytes - then.wireBytes }] as const;
    });
    return {
      messages: messages - before.messages,
      bytes: bytes - before.bytes,
      wireBytes: wire - before.wireBytes,
      byKind: new Map(kinds.filter(([, sent]) => sent.messages > 0)),
    };
  }
}

/** Such as `ping 120 (11040 bytes), pong 120 (11040 bytes)`, the largest first. */
export function describeKinds({ byKind }: Sent): string {
  const kinds = [...byKind].sort(([, left], [, right]) => right.wireBytes - left.wireBytes);
  return kinds.map(([kind, sent]) => `${kind} ${sent.messages} (${sent.wireBytes} bytes)`).join(', ');
}
