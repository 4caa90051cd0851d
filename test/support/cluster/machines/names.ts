import { readFileSync } from 'node:fs';

const PREFIX = 'collnet';

/**
 * Names of namespaces that tell which process made them: `collnet-<pid>-<start>-<number>-<machine>`. The start time tells a
 * process from a later one of the same id.
 */
export const nameOf = (owner: Owner, network: number, machine: string): string =>
  `${PREFIX}-${owner.pid}-${owner.startTicks}-${network}-${machine}`;

export interface Owner {
  readonly pid: number;
  /** Since the machine was started. */
  readonly startTicks: number;
}

export const thisProcess = (): Owner => ({ pid: process.pid, startTicks: startTicksOf(process.pid) ?? 0 });

/** Whether a namespace of that name was made by a process that is gone. */
export function isLeftOver(name: string): boolean {
  const match = new RegExp(`^${PREFIX}-(\\d+)-(\\d+)-\\d+-`).exec(name);
  return match !== null && startTicksOf(Number(match[1])) !== Number(match[2]);
}

function startTicksOf(pid: number): number | undefined {
  try {
    // Field 22; the name of the program, in parentheses before it, may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}
