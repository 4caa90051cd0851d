import { CollectiveError, LIMITS, toHex, utf8, type ExtentListId } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';
import type { Extent } from '../catalogue/index.js';
import { extents } from './shapes/extent.js';
import { WireProblem } from './wire-value.js';
import { writeWire } from './wire-writer.js';

const DOMAIN = utf8('collective/extents/v1\0');
const extentList = extents(1, LIMITS.extentsPerList);

/**
 * Names the content of an extent list: SHA-256 of the domain string and the extents as ExtentsRecorded holds them. Throws
 * CollectiveError REQUEST_INVALID unless they are ordered, adjacent and 1 to 512.
 */
export function extentListIdOf(list: readonly Extent[], hasher: Hasher): ExtentListId {
  try {
    return toHex(hasher.sha256(DOMAIN, writeWire(extentList.toWire(list)))) as ExtentListId;
  } catch (error) {
    if (!(error instanceof WireProblem)) throw error;
    throw new CollectiveError('REQUEST_INVALID', `The extents are no list: ${error.message}.`, { cause: error });
  }
}
