import { Metadata, status as Status } from '@grpc/grpc-js';
import type { CollectiveError } from '../../../base/index.js';
import { errorOfDetail, errorOfPlainStatus, statusOfError } from '../error-status.js';

const REQUEST_ID = 'collective-request-id';
const ERROR_DETAIL = 'collective-error-bin';

export function requestMetadata(requestId: string | undefined): Metadata {
  const metadata = new Metadata();
  if (requestId !== undefined) metadata.set(REQUEST_ID, requestId);
  return metadata;
}

export function requestIdFrom(metadata: Metadata): string | undefined {
  const [value] = metadata.get(REQUEST_ID);
  return typeof value === 'string' ? value : undefined;
}

/** Of all names and values. */
export function metadataBytes(metadata: Metadata): number {
  let bytes = 0;
  for (const [name, values] of Object.entries(metadata.toJSON())) {
    for (const value of values) bytes += name.length + value.length;
  }
  return bytes;
}

export interface WireStatus {
  readonly code: Status;
  readonly details: string;
  readonly metadata: Metadata;
}

export function wireStatus(error: CollectiveError | undefined): WireStatus {
  const metadata = new Metadata();
  if (error === undefined) return { code: Status.OK, details: '', metadata };
  const { grpc, message, detail } = statusOfError(error);
  metadata.set(ERROR_DETAIL, Buffer.from(detail));
  return { code: Status[grpc], details: message, metadata };
}

/** Undefined for a call that went well. */
export function errorOfStatus({ code, details, metadata }: WireStatus): CollectiveError | undefined {
  if (code === Status.OK) return undefined;
  const [detail] = metadata.get(ERROR_DETAIL);
  const own = Buffer.isBuffer(detail) ? errorOfDetail(detail) : undefined;
  // Statuses that came over the wire are any number.
  const name: string | undefined = Status[code];
  return own ?? errorOfPlainStatus(name ?? `status ${code}`, details);
}
