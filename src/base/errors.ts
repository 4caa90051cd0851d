/** The exit codes of the command line, listed for people in docs/ERRORS.md. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** Failed for another reason. */
  failed: 1,
  /** The command or its input was wrong. */
  usage: 2,
  /** Somebody did not answer. */
  unreachable: 3,
  /** It does not exist. */
  notFound: 4,
  /** Not allowed, or not trusted. */
  refused: 5,
  /** The state of things is in the way. */
  conflict: 6,
  /** Too few nodes or too little space. */
  insufficient: 7,
  /** Data are damaged or missing. */
  integrity: 8,
  /** Interrupted, such as by Ctrl-C. */
  interrupted: 130,
} as const;

interface ErrorKind {
  /** Name of the gRPC status that carries it. */
  readonly grpc:
    | 'CANCELLED'
    | 'INVALID_ARGUMENT'
    | 'DEADLINE_EXCEEDED'
    | 'NOT_FOUND'
    | 'ALREADY_EXISTS'
    | 'PERMISSION_DENIED'
    | 'RESOURCE_EXHAUSTED'
    | 'FAILED_PRECONDITION'
    | 'ABORTED'
    | 'UNIMPLEMENTED'
    | 'INTERNAL'
    | 'UNAVAILABLE'
    | 'DATA_LOSS'
    | 'UNAUTHENTICATED';
  /** Name of the POSIX errno that a mount reports. */
  readonly errno: string;
  readonly exit: number;
  /** Whether the same request may succeed later without anybody changing it. */
  readonly retryable: boolean;
}

const kind = (grpc: ErrorKind['grpc'], errno: string, exit: number, retryable = false): ErrorKind => ({
  grpc,
  errno,
  exit,
  retryable,
});

/** Every failure that leaves a component has one of these codes. They are never renamed. */
export const ERROR_KINDS = {
  /** The command line, or an argument of it, is not understood. */
  USAGE: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  /** A request lacks a field, or holds one that is out of range or malformed. */
  REQUEST_INVALID: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  /** A name cannot stand in a directory: empty, too long, reserved, or with a slash, a NUL or broken Unicode. */
  NAME_INVALID: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  /** A text is not a remote path. */
  PATH_INVALID: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.usage),
  /** The configuration or a context is missing, unreadable or contradicts itself. */
  CONFIG_INVALID: kind('FAILED_PRECONDITION', 'EINVAL', EXIT.usage),
  /** Something is larger, longer, deeper or more than docs/LIMITS.md allows. */
  LIMIT_EXCEEDED: kind('RESOURCE_EXHAUSTED', 'E2BIG', EXIT.usage),
  /** The other side does not know this operation or version. */
  UNSUPPORTED: kind('UNIMPLEMENTED', 'ENOTSUP', EXIT.failed),
  /** There is no such file, directory, node, event or other thing. */
  NOT_FOUND: kind('NOT_FOUND', 'ENOENT', EXIT.notFound),
  /** The folder to copy from holds nothing, and all that its copy holds would be removed: perhaps a disk is not mounted. */
  SOURCE_EMPTY: kind('FAILED_PRECONDITION', 'ENOTEMPTY', EXIT.conflict),
  /** The name is taken. */
  ALREADY_EXISTS: kind('ALREADY_EXISTS', 'EEXIST', EXIT.conflict),
  /** A part of the path that has to be a directory is something else. */
  NOT_A_DIRECTORY: kind('FAILED_PRECONDITION', 'ENOTDIR', EXIT.conflict),
  /** The operation needs a file and was given a directory. */
  IS_A_DIRECTORY: kind('FAILED_PRECONDITION', 'EISDIR', EXIT.conflict),
  /** The directory still has entries. */
  DIRECTORY_NOT_EMPTY: kind('FAILED_PRECONDITION', 'ENOTEMPTY', EXIT.conflict),
  /** A directory cannot be moved below itself. */
  MOVE_INTO_ITSELF: kind('INVALID_ARGUMENT', 'EINVAL', EXIT.conflict),
  /** What was to be changed has another version than the caller expected. */
  VERSION_CONFLICT: kind('ABORTED', 'ESTALE', EXIT.conflict),
  /** A request id was used before, with another command. */
  REQUEST_CONFLICT: kind('ABORTED', 'EINVAL', EXIT.conflict),
  /** The upload was never opened, was abandoned, or has expired. */
  UPLOAD_UNKNOWN: kind('FAILED_PRECONDITION', 'ESTALE', EXIT.conflict),
  /** A local file was changed while it was being read. */
  SOURCE_CHANGED: kind('ABORTED', 'EAGAIN', EXIT.conflict),
  /** The caller showed no certificate that this side accepts. */
  UNAUTHENTICATED: kind('UNAUTHENTICATED', 'EACCES', EXIT.refused),
  /** The caller is known and may not do this. */
  PERMISSION_DENIED: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  /** Another member's coordinator knows the caller's member and does not admit it now: it waits there, or is suspended, removed or refused. */
  NOT_ADMITTED: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  /** A certificate is expired, of another authority, of another role, or names somebody else. */
  CERTIFICATE_INVALID: kind('UNAUTHENTICATED', 'EACCES', EXIT.refused),
  /** The client or node was revoked by its member, and is refused for ever. */
  CERTIFICATE_REVOKED: kind('UNAUTHENTICATED', 'EACCES', EXIT.refused),
  /** The invite is unknown, damaged, used, expired or of another kind. */
  INVITE_INVALID: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  /** A node did not accept the ticket: of another node, key, operation or list. */
  TICKET_INVALID: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused, true),
  /** The ticket is over; the client fetches a new one by itself. */
  TICKET_EXPIRED: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused, true),
  /** A receipt is not signed by the node it names, or is not for this upload and these chunks. */
  RECEIPT_INVALID: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  /** The passphrase does not open the identity key. */
  PASSPHRASE_WRONG: kind('PERMISSION_DENIED', 'EACCES', EXIT.refused),
  /** A key file or its folder can be read or written by others. */
  KEY_FILE_UNSAFE: kind('FAILED_PRECONDITION', 'EACCES', EXIT.refused),
  /** Fewer nodes are reachable than copies are asked for. */
  NOT_ENOUGH_NODES: kind('FAILED_PRECONDITION', 'ENOSPC', EXIT.insufficient),
  /** The nodes together have too little space for what is to be stored. */
  NOT_ENOUGH_SPACE: kind('RESOURCE_EXHAUSTED', 'ENOSPC', EXIT.insufficient),
  /** A node has reached its capacity or its disk is full. */
  NODE_FULL: kind('RESOURCE_EXHAUSTED', 'ENOSPC', EXIT.insufficient),
  /** A node had a disk error and takes nothing new until it was checked. */
  NODE_READ_ONLY: kind('FAILED_PRECONDITION', 'EROFS', EXIT.insufficient),
  /** A node does not hold this chunk for this member. */
  CHUNK_UNKNOWN: kind('NOT_FOUND', 'EIO', EXIT.integrity),
  /** The bytes of a copy do not match their hash. */
  CHUNK_DAMAGED: kind('DATA_LOSS', 'EIO', EXIT.integrity),
  /** No holder could give a whole copy of a chunk. */
  CHUNK_UNAVAILABLE: kind('DATA_LOSS', 'EIO', EXIT.integrity, true),
  /** The log has bytes that do not match their checksum, hash or signature. */
  LOG_DAMAGED: kind('DATA_LOSS', 'EIO', EXIT.integrity),
  /** The log could not be written; the coordinator ends, and its next start finds out what is durable. */
  LOG_FAILED: kind('UNAVAILABLE', 'EIO', EXIT.failed, true),
  /** Two different signed blocks stand at one position of a log: its key signed twice, or an old copy of it went on. */
  LOG_FORKED: kind('DATA_LOSS', 'EIO', EXIT.integrity),
  /** The log takes no new events until it is certain that this is its latest state. */
  LOG_READ_ONLY: kind('UNAVAILABLE', 'EROFS', EXIT.insufficient, true),
  /** Fewer witnesses than required keep the new block; it is on this disk, and nobody was told that it is safe. */
  WITNESSES_UNREACHABLE: kind('UNAVAILABLE', 'EHOSTUNREACH', EXIT.unreachable, true),
  /** A view differs from what its log says; it is rebuilt. */
  VIEW_DAMAGED: kind('DATA_LOSS', 'EIO', EXIT.integrity),
  /** Data on disk were written by a newer version, or are not of this program. */
  DATA_FORMAT_UNSUPPORTED: kind('FAILED_PRECONDITION', 'EIO', EXIT.integrity),
  /** The coordinator does not answer. */
  COORDINATOR_UNREACHABLE: kind('UNAVAILABLE', 'EHOSTUNREACH', EXIT.unreachable, true),
  /** A node does not answer. */
  NODE_UNREACHABLE: kind('UNAVAILABLE', 'EHOSTUNREACH', EXIT.unreachable, true),
  /** The other side is starting, stopping or too busy for now. */
  UNAVAILABLE: kind('UNAVAILABLE', 'EAGAIN', EXIT.unreachable, true),
  /** The answer did not come in time; whether the request was done is unknown, and repeating it is safe. */
  DEADLINE_EXCEEDED: kind('DEADLINE_EXCEEDED', 'ETIMEDOUT', EXIT.unreachable, true),
  /** Another process uses this data folder. */
  ALREADY_RUNNING: kind('FAILED_PRECONDITION', 'EBUSY', EXIT.conflict),
  /** The caller gave up, or was interrupted. */
  CANCELLED: kind('CANCELLED', 'EINTR', EXIT.interrupted),
  /** The operating system could not read or write. */
  IO_FAILED: kind('INTERNAL', 'EIO', EXIT.failed),
  /** The other side sent something that the protocol does not allow. */
  PROTOCOL_ERROR: kind('INTERNAL', 'EPROTO', EXIT.failed),
  /** The program did not expect this: a fault of Collective. */
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
  return (
    value instanceof Error &&
    value.name === 'CollectiveError' &&
    'code' in value &&
    typeof value.code === 'string' &&
    isErrorCode(value.code)
  );
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
