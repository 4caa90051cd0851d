import { makeMany, storeFile } from './changes.js';
import type { Mesh } from './mesh.js';

/**
 * A normal day of one member with ten nodes: so many files are stored, and so many other changes made (folders, moves, removals,
 * attributes; nodes that go and come back, cross a mark of fullness, renew a certificate).
 */
export const DAY = { files: 200, otherChanges: 100 } as const;
export const DAY_MS = 24 * 3_600_000;

/** Runs a part of such a day at every member, evenly spread, in virtual time. */
export async function partOfADay(mesh: Mesh, durationMs: number): Promise<void> {
  const random = mesh.random.fork('day');
  const share = durationMs / DAY_MS;
  await Promise.all(
    mesh.members.map(async (member, index) => {
      const steps = [
        ...times(DAY.files * share, 'file', random.fork(`${index} files`)),
        ...times(DAY.otherChanges * share, 'other', random.fork(`${index} others`)),
      ];
      const due = steps
        .map((kind) => ({ kind, atMs: random.fraction() * durationMs }))
        .sort((left, right) => left.atMs - right.atMs);
      const startMs = mesh.time.nowMs;
      for (const [step, { kind, atMs }] of due.entries()) {
        await mesh.timers.sleep(Math.max(0, startMs + atMs - mesh.time.nowMs));
        if (kind === 'file') await storeFile(member, `/day-${step}`);
        else await makeMany(member, 1, `day-other-${step}`);
      }
      await mesh.timers.sleep(Math.max(0, startMs + durationMs - mesh.time.nowMs));
    }),
  );
}

/** So many on average; what is left of a fraction is decided by chance. */
function times<Kind>(count: number, kind: Kind, random: { chance(probability: number): boolean }): readonly Kind[] {
  const whole = Math.floor(count);
  return Array.from({ length: whole + (random.chance(count - whole) ? 1 : 0) }, () => kind);
}
