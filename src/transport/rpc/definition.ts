import type { PeerIdentity } from '../../identity/index.js';
import type { SERVICE_ACCESS, ServedName } from './access.js';

/** What ts-proto generates to write and read one kind of message. */
export interface MessageCodec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(input: Uint8Array): Message;
}

export interface MethodDefinition {
  readonly name: string;
  readonly requestType: MessageCodec<unknown>;
  readonly requestStream: boolean;
  readonly responseType: MessageCodec<unknown>;
  readonly responseStream: boolean;
}

/** A service as ts-proto's generic-definitions describe it. */
export interface ServiceDefinition {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

export type RequestOf<Method extends MethodDefinition> =
  Method['requestType'] extends MessageCodec<infer Message> ? Message : never;
export type ResponseOf<Method extends MethodDefinition> =
  Method['responseType'] extends MessageCodec<infer Message> ? Message : never;

/** What a handler knows about the call it serves. */
export interface AnonymousCall {
  /** One id from client to node, for logs: the caller's, or a new one. */
  readonly requestId: string;
  /** Aborts when the caller is gone, its deadline has passed, or the call was cut. Every wait of a handler takes it. */
  readonly signal: AbortSignal;
  /** `host:port` of the caller. */
  readonly remote: string;
}

export interface AuthenticatedCall extends AnonymousCall {
  /** From the certificate of the connection, verified for this call; its role is one that the service allows. */
  readonly caller: PeerIdentity;
}

/** Calls on the home port have a caller; those on the enrolment port do not. */
export type CallOf<Service extends ServiceDefinition> = Service['fullName'] extends ServedName
  ? (typeof SERVICE_ACCESS)[Service['fullName']]['listener'] extends 'enrolment'
    ? AnonymousCall
    : AuthenticatedCall
  : never;

type Handler<Method extends MethodDefinition, Call> = Method extends {
  readonly requestStream: true;
  readonly responseStream: true;
}
  ? (requests: AsyncIterable<RequestOf<Method>>, call: Call) => AsyncIterable<ResponseOf<Method>>
  : Method extends { readonly requestStream: false; readonly responseStream: true }
    ? (request: RequestOf<Method>, call: Call) => AsyncIterable<ResponseOf<Method>>
    : Method extends { readonly requestStream: false; readonly responseStream: false }
      ? (request: RequestOf<Method>, call: Call) => Promise<ResponseOf<Method>>
      : never;

/** Handlers by method name. What they throw reaches the caller: a CollectiveError as itself, all else as INTERNAL. */
export type ServiceImplementation<Service extends ServiceDefinition> = {
  readonly [Name in keyof Service['methods']]: Handler<Service['methods'][Name], CallOf<Service>>;
};

export interface CallOptions {
  readonly signal: AbortSignal;
  /** For the whole call. By default LIMITS.rpcDeadlineMs for one answer, none for streams. */
  readonly timeoutMs?: number;
  /** One id from client to node, for logs: 1 to 64 of [A-Za-z0-9_-]. The server makes one where there is none. */
  readonly requestId?: string;
}

type ClientMethod<Method extends MethodDefinition> = Method extends {
  readonly requestStream: true;
  readonly responseStream: true;
}
  ? (requests: AsyncIterable<RequestOf<Method>>, options: CallOptions) => AsyncIterable<ResponseOf<Method>>
  : Method extends { readonly requestStream: false; readonly responseStream: true }
    ? (request: RequestOf<Method>, options: CallOptions) => AsyncIterable<ResponseOf<Method>>
    : Method extends { readonly requestStream: false; readonly responseStream: false }
      ? (request: RequestOf<Method>, options: CallOptions) => Promise<ResponseOf<Method>>
      : never;

/**
 * Every failure is a CollectiveError: the server's own, or COORDINATOR_UNREACHABLE, DEADLINE_EXCEEDED, CANCELLED,
 * CERTIFICATE_INVALID, LIMIT_EXCEEDED or PROTOCOL_ERROR. A stream's call begins with its first `next()`; it is pulled message
 * by message, and `return()` cancels it.
 */
export type RpcClient<Service extends ServiceDefinition> = {
  readonly [Name in keyof Service['methods']]: ClientMethod<Service['methods'][Name]>;
};
