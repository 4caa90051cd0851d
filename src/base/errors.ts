/** The exit codes of the command line, listed for people in docs/ERRORS.md. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  refused: 5,
  conflict: 6,
  insufficient: 7,
  integrity: 8,
  interrupted: 130,
} as const;

interface ErrorKind {
  /** Name of the gRPC status that carries it. */
  readonly grpc:
    | 'CANCELLED' | 'INVALID_ARGUMENT' | 'DEADLINE_EXCEEDED' | 'NOT_FOUND' | 'ALREADY_EXISTS' | 'PERMISSION_DENIED'
    | 'RESOURCE_EXHAUSTED' | 'FAILED_PRECONDITION' | 'ABORTED' | 'UNIMPLEMENTED' | 'INTERNAL' | 'UNAVAILABLE'
    | 'DATA_LOSS' | 'UNAUTHENTICATED';
  /** Name of the POSIX errno that a mount reports. */
  readonly errno: string;
  readonly exit: number;
  /** Whether the same request may succeed later without anybody changing it. */
  readonly retryable: boolean;
}

const kind = (grpc: ErrorKind['grpc'], errno: string, exit: number, retryable = false): ErrorKind =>
  ({ grpc, errno, exit, retryable });

/** Every failure that leaves a component has one of these codes. They are never renamed. */
export const ERROR_KINDS = {
  USAGE: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  REQUEST_INVALID: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  NAME_INVALID: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  PATH_INVALID: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  CONFIG_INVALID: kind('FAILED_PRECONDITION', 'EINVAL', EXIT.usage),
  LIMIT_EXCEEDED: kind('RESOURCE_EXHAUSTED', 'E2BIG', EXIT.usage),
  UNSUPPORTED: kind('UNIMPLEMENTED', 'ENOTSUP', EXIT.failed),
  NOT_FOUND: kind('NOT_FOUND', 'ENOENT', EXIT.notFound),
  ALREADY_EXISTS: kind('ALREADY_EXISTS', 'EEXIST', EXIT.conflict),
  NOT_A_DIRECTORY: kind('FAILED_PRECONDITION', 'ENOTDIR', EXIT.conflict),
  IS_A_DIRECTORY: kind('FAILED_PRECONDITION', 'EISDIR', EXIT.conflict),
  DIRECTORY_NOT_EMPTY: kind('FAILED_PRECONDITION', 'ENOTEMPTY', EXIT.conflict),
  MOVE_INTO_ITSELF: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.conflict),
  VERSION_CONFLICT: kind('ABORTED', 'ESTALE', EXIT.conflict),
  REQUEST_CONFLICT: kind('ABORTED', 'EINVAL', EXIT.conflict),
  UPLOAD_UNKNOWN: kind('FAILED_PRECONDITION', 'ESTALE', EXIT.conflict),
  UNAUTHENTICATED: kind('UNAUTHENTICATED', 'EACCES', EXIT.refused),
  PERMISSION_DENIED: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  CERTIFICATE_INVALID: kind('UNAUTHENTICATED', 'EACCES', EXIT.refused),
  INVITE_INVALID: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  TICKET_INVALID: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused, true),
  TICKET_EXPIRED: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused, true),
  RECEIPT_INVALID: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  PASSPHRASE_WRONG: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  KEY_FILE_UNSAFE: kind('FAILED_PRECONDITION', 'EACCES', EXIT.refused),
  NOT_ENOUGH_NODES: kind('FAILED_PRECONDITION', 'ENOSPC', EXIT.insufficient),
  NOT_ENOUGH_SPACE: kind('RESOURCE_EXHAUSTED', 'ENOSPC', EXIT.insufficient),
  NODE_FULL: kind('RESOURCE_EXHAUSTED', 'ENOSPC', EXIT.insufficient),
  NODE_READ_ONLY: kind('FAILED_PRECONDITION', 'EROFS', EXIT.insufficient),
  CHUNK_UNKNOWN: kind('NOT_FOUND', 'EIO', EXIT.integrity),
  CHUNK_DAMAGED: kind('DATA_LOSS', 'EIO', EXIT.integrity),
  CHUNK_UNAVAILABLE: kind('DATA_LOSS', 'EIO', EXIT.integrity, true),
  LOG_DAMAGED: kind('DATA_LOSS', 'EIO', EXIT.integrity),
  VIEW_DAMAGED: kind('DATA_LOSS', 'EIO', EXIT.integrity),
  DATA_FORMAT_UNSUPPORTED: kind('FAILED_PRECONDITION', 'EIO', EXIT.integrity),
  COORDINATOR_UNREACHABLE: kind('UNAVAILABLE', 'EHOSTUNREACH', EXIT.unreachable, true),
  NODE_UNREACHABLE: kind('UNAVAILABLE', 'EHOSTUNREACH', EXIT.unreachable, true),
  UNAVAILABLE: kind('UNAVAILABLE', 'EAGAIN', EXIT.unreachable, true),
  DEADLINE_EXCEEDED: kind('DEADLINE_EXCEEDED', 'ETIMEDOUT', EXIT.unreachable, true),
  ALREADY_RUNNING: kind('FAILED_PRECONDITION', 'EBUSY', EXIT.conflict),
  CANCELLED: kind('CANCELLED', 'EINTR', EXIT.interrupted),
  IO_FAILED: kind('INTERNAL', 'EIO', EXIT.failed),
  PROTOCOL_ERROR: kind('INTERNAL', 'EPROTO', EXIT.failed),
  INTERNAL: kind('INTERNAL', 'EIO', EXIT.failed),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_KINDS, text);

export interface ErrorOptions {
  /** What the reader can do next, as a sentence or a command line. */
  readonly next?: string;
  /** Small, flat, JSON-safe facts for scripts (names, ids, counts); never secrets. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly cause?: unknown;
}

/** The one error class: a stable code, a sentence for people, and what to do next. */
export class CollectiveError extends Error {
  override readonly name = 'CollectiveError';
  readonly code: ErrorCode;
  readonly next: string | undefined;
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[]>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.next = options.next;
    this.details = options.details ?? {};
  }

  get exitCode(): number {
    return ERROR_KINDS[this.code].exit;
  }

  get retryable(): boolean {
    return ERROR_KINDS[this.code].retryable;
  }
}

/** Structural, so that it also holds for an error of another copy of this module. */
export function isCollectiveError(value: unknown): value is CollectiveError {
  return value instanceof Error && value.name === 'CollectiveError' && 'code' in value &&
    typeof value.code === 'string' && isErrorCode(value.code);
}

/** Wraps whatever was thrown, so that a border has a code to send; a CollectiveError stays what it is. */
export function toCollectiveError(thrown: unknown, fallback: ErrorCode = 'INTERNAL'): CollectiveError {
  if (isCollectiveError(thrown)) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return new CollectiveError('CANCELLED', 'The operation was cancelled.', { cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CollectiveError(fallback, message, { cause: thrown });
}
