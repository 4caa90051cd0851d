import { readFileSync, writeFileSync } from 'node:fs';

// Of proc(5): utime and stime are fields 14 and 15, cutime and cstime 16 and 17; Linux counts them in ticks of 10 ms.
const TICK_SECONDS = 0.01;

function statFields(pid: number | 'self'): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command in parentheses may hold spaces; the fields after it are plain.
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

const field = (fields: readonly string[], number: number): number => Number(fields[number - 3]);

/** User and system seconds that a running process has used. */
export function cpuSecondsOf(pid: number): number {
  const fields = statFields(pid);
  return (field(fields, 14) + field(fields, 15)) * TICK_SECONDS;
}

/** User and system seconds of all children of this process that have ended. */
export function cpuSecondsOfEndedChildren(): number {
  const fields = statFields('self');
  return (field(fields, 16) + field(fields, 17)) * TICK_SECONDS;
}

/** Resident bytes now, and the most since the start or the last `resetPeak`. */
export function residentBytesOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 };
}

/** Makes the peak start again from now (proc(5), clear_refs). */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
