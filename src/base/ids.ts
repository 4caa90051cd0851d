declare const brand: unique symbol;
/** A plain value that the compiler keeps apart from others of the same shape. */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };

/** base32 (lower case, no padding) of SHA-256 of the member's first identity public key (SPKI DER): 52 characters. */
export type MemberId = Brand<string, 'MemberId'>;
/** 16 lower-case base32 characters, chosen at random by the coordinator when the node joins. */
export type NodeId = Brand<string, 'NodeId'>;
/** 16 lower-case base32 characters, chosen at random by the coordinator when the client joins. */
export type ClientId = Brand<string, 'ClientId'>;
/** 26 lower-case base32 characters (16 random bytes). */
export type UploadId = Brand<string, 'UploadId'>;
/** 26 lower-case base32 characters (16 random bytes). */
export type InviteId = Brand<string, 'InviteId'>;
/** `<epoch>-<sequence>` of the event that created the file, directory or symlink; unique within an origin. */
export type FileId = Brand<string, 'FileId'>;
/** `<epoch>-<sequence>` of the GrantGiven that gave it; unique within an origin. */
export type GrantId = Brand<string, 'GrantId'>;
/** Lower-case hex of algorithm tag (1 byte, 01 = SHA-256 tree) and root hash (32 bytes): 66 characters. */
export type ChunkId = Brand<string, 'ChunkId'>;
/** Lower-case hex SHA-256 naming the content of an extent list (see events: ExtentsRecorded): 64 characters. */
export type ExtentListId = Brand<string, 'ExtentListId'>;
/** What a caller names its command with, so that a retry is answered and not repeated: 1 to 64 of [A-Za-z0-9_-]. */
export type RequestId = Brand<string, 'RequestId'>;

/** Where an event stands: whose log, which incarnation of it, and its number there (the first is 1). */
export interface Position {
  readonly origin: MemberId;
  readonly epoch: number;
  readonly sequence: number;
}

/** The root directory of every member's tree: created by the first event, CollectiveFounded. */
export const ROOT_FILE_ID = '1-1' as FileId;

export function fileIdAt(position: { readonly epoch: number; readonly sequence: number }): FileId {
  return `${position.epoch}-${position.sequence}` as FileId;
}

export function grantIdAt(position: { readonly epoch: number; readonly sequence: number }): GrantId {
  return `${position.epoch}-${position.sequence}` as GrantId;
}

const base32Text = (length: number): RegExp => new RegExp(`^[a-z2-7]{${length}}$`);
const MEMBER_ID = base32Text(52);
const SHORT_ID = base32Text(16);
const LONG_ID = base32Text(26);
/** Epoch and sequence of the event that created something. */
const POSITION_ID = /^[1-9][0-9]{0,15}-[1-9][0-9]{0,15}$/;
const CHUNK_ID = /^01[0-9a-f]{64}$/;
const EXTENT_LIST_ID = /^[0-9a-f]{64}$/;
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

export const isMemberId = (text: string): text is MemberId => MEMBER_ID.test(text);
export const isNodeId = (text: string): text is NodeId => SHORT_ID.test(text);
export const isClientId = (text: string): text is ClientId => SHORT_ID.test(text);
export const isUploadId = (text: string): text is UploadId => LONG_ID.test(text);
export const isInviteId = (text: string): text is InviteId => LONG_ID.test(text);
export const isFileId = (text: string): text is FileId => POSITION_ID.test(text);
export const isGrantId = (text: string): text is GrantId => POSITION_ID.test(text);
export const isChunkId = (text: string): text is ChunkId => CHUNK_ID.test(text);
export const isExtentListId = (text: string): text is ExtentListId => EXTENT_LIST_ID.test(text);
export const isRequestId = (text: string): text is RequestId => REQUEST_ID.test(text);
