import type { ChunkId, ExtentListId, FileId, MemberId, NodeId } from '../../base/index.js';
import type { Extent, FileTime } from '../../events/index.js';
import { hex, list, optional, record, signed, text, unsigned, type RowField } from '../rows/fields.js';
import { hexPart } from '../rows/keys.js';

/** Fields and key parts that several views share. */
export const fileId: RowField<FileId> = {
  write(writer, id) {
    const dash = id.indexOf('-');
    writer.unsigned(Number(id.slice(0, dash)));
    writer.unsigned(Number(id.slice(dash + 1)));
  },
  read: (reader) => `${reader.unsigned()}-${reader.unsigned()}` as FileId,
};

export const fileTime: RowField<FileTime> = record<FileTime>({ seconds: signed, nanoseconds: unsigned });

export const memberIds: RowField<readonly MemberId[]> = list(text<MemberId>());
export const nodeIds: RowField<readonly NodeId[]> = list(text<NodeId>());

const CHUNK_ID_BYTES = 33;
const LIST_ID_BYTES = 32;
export const chunkKey = hexPart<ChunkId>(CHUNK_ID_BYTES);
export const listKey = hexPart<ExtentListId>(LIST_ID_BYTES);
export const listIds: RowField<readonly ExtentListId[]> = list(hex<ExtentListId>(LIST_ID_BYTES));

export const extents: RowField<readonly Extent[]> = list(
  record<Extent>({ offsetBytes: unsigned, lengthBytes: unsigned, chunkId: optional(hex<ChunkId>(CHUNK_ID_BYTES)) }),
);

/** A row that says only that it is there. */
export const present: RowField<true> = { write: () => undefined, read: () => true };
