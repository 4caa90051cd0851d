import type { Finding } from '../../transport/index.js';

/** Whether the keys of the coordinator are kept outside of its folder. */
export type ExportState = 'never' | 'outdated' | 'current' | 'unknown';

const EXPORT = 'Keep it on another disk: collective identity export FILE';

export function exportFindings(state: ExportState): readonly Finding[] {
  if (state === 'never') {
    const message = 'The identity was never exported: with the folder of the coordinator it is lost, and so is everything.';
    return [{ code: 'identity-not-exported', severity: 'warning', message, next: EXPORT }];
  }
  if (state === 'outdated') {
    const message = 'Keys were replaced since the identity was exported.';
    return [{ code: 'identity-export-outdated', severity: 'notice', message, next: EXPORT }];
  }
  return [];
}
