import {
  CollectiveError,
  fromBase32,
  toBase32,
  type ClientId,
  type InviteId,
  type MemberId,
  type NodeId,
  type UploadId,
} from '../base/index.js';

export const MEMBER_ID_BYTES = 32;
export const SHORT_ID_BYTES = 10;
export const LONG_ID_BYTES = 16;

/** The bytes that a member id (32), a node or client id (10), or an upload or invite id (16) stands for. REQUEST_INVALID. */
export function idBytes(id: MemberId | NodeId | ClientId | UploadId | InviteId): Uint8Array {
  const bytes = fromBase32(id);
  if (bytes === undefined) throw new CollectiveError('REQUEST_INVALID', `${JSON.stringify(id)} is not a canonical id.`);
  return bytes;
}

// Every byte string of the right length is an id, so these need no check.
export const memberIdFrom = (bytes: Uint8Array): MemberId => toBase32(bytes) as MemberId;
export const nodeIdFrom = (bytes: Uint8Array): NodeId => toBase32(bytes) as NodeId;
export const uploadIdFrom = (bytes: Uint8Array): UploadId => toBase32(bytes) as UploadId;
export const inviteIdFrom = (bytes: Uint8Array): InviteId => toBase32(bytes) as InviteId;
