import {
  CollectiveError,
  ERROR_KINDS,
  fromUtf8,
  isErrorCode,
  LIMITS,
  utf8,
  type ErrorCode,
  type ErrorOptions,
} from '../../base/index.js';

export type GrpcStatusName = (typeof ERROR_KINDS)[ErrorCode]['grpc'];

/** How an error travels: a gRPC status for anybody, and its own code, sentence and details for another Collective. */
export interface ErrorStatus {
  readonly grpc: GrpcStatusName;
  readonly message: string;
  /** UTF-8 JSON `{code, message, next?, details?}`, at most LIMITS.rpcErrorBytes. */
  readonly detail: Uint8Array;
}

export function statusOfError(error: CollectiveError): ErrorStatus {
  const message = clip(error.message);
  const least = { code: error.code, message };
  const useful = error.next === undefined ? least : { ...least, next: clip(error.next) };
  const candidates = [{ ...useful, details: error.details }, useful].map((candidate) => utf8(JSON.stringify(candidate)));
  const detail = candidates.find((bytes) => bytes.length <= LIMITS.rpcErrorBytes) ?? utf8(JSON.stringify(least));
  return { grpc: ERROR_KINDS[error.code].grpc, message, detail };
}

/** Undefined unless another Collective wrote it. */
export function errorOfDetail(detail: Uint8Array): CollectiveError | undefined {
  const text = detail.length <= LIMITS.rpcErrorBytes ? fromUtf8(detail) : undefined;
  const value = text === undefined ? undefined : parseJson(text);
  if (!isRecord(value)) return undefined;
  const { code, message, next, details } = value;
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  const options = {
    ...(typeof next === 'string' ? { next } : {}),
    ...(isRecord(details) ? { details: flatFacts(details) } : {}),
  };
  // A newer version may know codes that this one does not.
  if (!isErrorCode(code)) return new CollectiveError('UNSUPPORTED', `${message} (${code.slice(0, 64)})`, options);
  return new CollectiveError(code, message, options);
}

/** An error of gRPC itself, which knows no codes of ours. `text` is what it says. */
export function errorOfPlainStatus(grpc: string, text: string): CollectiveError {
  const said = text === '' ? grpc : `${grpc}: ${clip(text)}`;
  switch (grpc) {
    case 'CANCELLED':
      return new CollectiveError('CANCELLED', 'The call was cancelled.');
    case 'DEADLINE_EXCEEDED':
      return new CollectiveError('DEADLINE_EXCEEDED', 'The coordinator did not answer in time.', {
        next: 'Try again: repeating the request is safe.',
      });
    case 'UNAVAILABLE':
      return new CollectiveError('COORDINATOR_UNREACHABLE', `The connection to the coordinator was lost (${said}).`, {
        next: 'Check that the coordinator runs, and try again.',
      });
    case 'RESOURCE_EXHAUSTED':
      return new CollectiveError('LIMIT_EXCEEDED', `The message or the call is larger than is allowed (${said}).`);
    case 'UNIMPLEMENTED':
      return new CollectiveError('UNSUPPORTED', `The coordinator does not know this operation (${said}).`, {
        next: "Is it the coordinator's home port (7420), and not the enrolment port (7421)? Else use the same version at both ends.",
      });
    case 'UNAUTHENTICATED':
      return new CollectiveError('UNAUTHENTICATED', `The coordinator did not accept the caller (${said}).`);
    default:
      return new CollectiveError('PROTOCOL_ERROR', `The call ended in a way that Collective does not use (${said}).`);
  }
}

const ELLIPSIS = '…';

/** Short, and valid Unicode: gRPC percent-encodes it, which throws for half a surrogate pair. */
export function clip(text: string): string {
  const whole = text.toWellFormed();
  return whole.length <= LIMITS.rpcErrorTextLength ? whole : whole.slice(0, LIMITS.rpcErrorTextLength).toWellFormed() + ELLIPSIS;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Facts = NonNullable<ErrorOptions['details']>;
type Fact = Facts[string];

function flatFacts(details: Readonly<Record<string, unknown>>): Facts {
  return Object.fromEntries(Object.entries(details).filter((entry): entry is [string, Fact] => isFact(entry[1])));
}

function isFact(value: unknown): value is Fact {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
