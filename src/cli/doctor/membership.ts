import { isCollectiveError, formatDuration } from '../../base/index.js';
import { leafValidity, type OwnCredentials } from '../../identity/index.js';
import type { Context, ContextStore } from '../contexts/context-store.js';
import { shortTime } from '../format/entries.js';
import { doubtful, failed, fine, wrong, type Check } from './check.js';

const SOON_MS = 7 * 24 * 3600 * 1000;

export interface Membership {
  readonly context: Context;
  readonly own: OwnCredentials;
}

/** The context, the key file, and how long the certificate is good. */
export async function checkMembership(
  store: ContextStore,
  contextName: string | undefined,
  nowMs: number,
): Promise<{ readonly checks: readonly Check[]; readonly membership?: Membership }> {
  let context: Context;
  try {
    context = await store.choose(contextName);
  } catch (error) {
    return { checks: [failed('context', error)] };
  }
  const chosen = fine('context', `The context is ${context.name}: client ${context.clientName} of ${context.memberName}.`);
  try {
    const own = await store.credentials(context);
    const key = fine('key-file', `The key in ${context.directory} can be read by nobody else.`);
    return { checks: [chosen, key, checkLife(own.leaf, nowMs)], membership: { context, own } };
  } catch (error) {
    const name = isCollectiveError(error) && error.code === 'KEY_FILE_UNSAFE' ? 'key-file' : 'certificate';
    return { checks: [chosen, failed(name, error, 'Join again: collective login INVITE')] };
  }
}

function checkLife(leaf: Uint8Array, nowMs: number): Check {
  const validity = leafValidity(leaf);
  if (validity === undefined)
    return wrong('certificate', 'The certificate cannot be read.', 'Join again: collective login INVITE');
  const { notBeforeMs, notAfterMs } = validity;
  if (nowMs < notBeforeMs) {
    return wrong(
      'certificate',
      `The certificate is good from ${shortTime(notBeforeMs)} on, and this machine's clock shows ${shortTime(nowMs)}: it is behind.`,
      "Set this machine's clock.",
    );
  }
  if (nowMs > notAfterMs) {
    return wrong(
      'certificate',
      `The certificate was good until ${shortTime(notAfterMs)}, and this machine's clock shows ${shortTime(nowMs)}.`,
      "If that is not the time now, set this machine's clock. Else run any command, which renews it, or: collective login INVITE",
    );
  }
  const left = formatDuration(notAfterMs - nowMs);
  return notAfterMs - nowMs < SOON_MS
    ? doubtful(
        'certificate',
        `The certificate is good for ${left} more.`,
        'It renews itself when a command reaches the coordinator.',
      )
    : fine('certificate', `The certificate is good for ${left} more.`);
}
