import { isCollectiveError, type MemberId } from '../../../base/index.js';
import type { FileSystem } from '../../../ports/index.js';
import { SegmentAudit, type AuditScope } from './audit.js';
import { problemOf } from '../damage.js';
import { BATCH_FILE, HEAD_FILES, IDENTITY_FILE, segmentsAmong } from '../files/file-names.js';
import { readHeads } from '../files/head-files.js';
import { listLogFolder, readIdentity } from '../files/identity-file.js';
import { readKeys } from '../files/keys-file.js';
import { EMPTY_TAIL, logChain } from './segment-scan.js';
import type { LogIdentity, Tail } from '../files/stored-records.js';
import { FIRST_EPOCH } from '../../chain/index.js';
import type { LogReadingOptions, LogVerification, VerifyOptions } from '../types.js';

type Damage = LogVerification & { readonly kind: 'damage' };

/**
 * Checks a log that no process has open: IDENTITY, HEAD, and every record, block, signature and link. Changes nothing, and
 * goes on behind damage. Errors: NOT_FOUND, CANCELLED, IO_FAILED.
 */
export async function* verifyLog(
  options: LogReadingOptions,
  verifyOptions: VerifyOptions = {},
): AsyncGenerator<LogVerification, void> {
  const { fileSystem, directory, origin, hasher, verifier } = options;
  const names = await listLogFolder(fileSystem, directory);
  const segments = segmentsAmong(names);
  const found = await identityOrDamage(fileSystem, directory, origin);
  if ('kind' in found) {
    yield found;
    yield { kind: 'finished', segments: segments.length, damages: 1, blocks: 0, events: 0, bytes: 0, sequence: 0 };
    return;
  }
  const { head, damages } = await headOrDamages(fileSystem, directory, origin);
  yield* damages;
  const chain = logChain(found, { hasher, verifier });
  const stored = await readKeys(fileSystem, directory, found, hasher);
  const scope: AuditScope = { chain, stored, head, segments, batched: names.includes(BATCH_FILE), live: false };
  yield* auditSegments(options, scope, verifyOptions, damages.length);
}

/** Checks the segments, and ends with the sum. */
export async function* auditSegments(
  options: LogReadingOptions,
  scope: AuditScope,
  verifyOptions: VerifyOptions,
  damagesBefore: number,
): AsyncGenerator<LogVerification, void> {
  const audit = new SegmentAudit(options, scope, verifyOptions);
  let damages = damagesBefore;
  for await (const said of audit.run()) {
    if (said.kind === 'damage') damages += 1;
    yield said;
  }
  yield { kind: 'finished', segments: scope.segments.length, damages, ...audit.totals };
}

async function identityOrDamage(fileSystem: FileSystem, directory: string, origin: MemberId): Promise<LogIdentity | Damage> {
  try {
    return await readIdentity(fileSystem, directory, origin);
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'LOG_DAMAGED') throw error;
    return { kind: 'damage', file: IDENTITY_FILE, offset: 0, sequence: 0, problem: problemOf(error) };
  }
}

/** The newest HEAD record, or an empty one; and what is wrong with either file. */
export async function headOrDamages(
  fileSystem: FileSystem,
  directory: string,
  origin: MemberId,
): Promise<{ readonly head: Tail; readonly damages: readonly Damage[] }> {
  const damages: Damage[] = [];
  let newest: (Tail & { readonly generation: number }) | undefined;
  for (const [index, slot] of (await readHeads(fileSystem, directory, origin)).entries()) {
    if ('problem' in slot) {
      damages.push({ kind: 'damage', file: HEAD_FILES[index] ?? '', offset: 0, sequence: 0, problem: slot.problem });
    } else if (newest === undefined || slot.head.generation > newest.generation) newest = slot.head;
  }
  return { head: newest ?? EMPTY_TAIL(FIRST_EPOCH), damages };
}
