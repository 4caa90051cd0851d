import { asCollectiveError } from '../../src/cli/base/report-error.js';

/** What somebody was told instead of being served. */
export interface Complaint {
  /** coordinator, node-1, ..., client */
  readonly who: string;
  readonly code: string;
  /** Message, next step and details. */
  readonly text: string;
  /** The stored file that it is about, where a read failed. */
  readonly path?: string;
}

export async function complaintOf(who: string, thrown: unknown): Promise<Complaint> {
  const { code, message, next, details } = await asCollectiveError(thrown);
  return { who, code, text: `${message} ${next ?? ''} ${JSON.stringify(details)}` };
}
