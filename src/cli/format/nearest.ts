/**
 * Which of the candidates was probably meant by a mistyped word: the one with the fewest letters to insert, remove, replace or swap
 * (optimal string alignment distance), if these are at most a third of the word; none otherwise.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const bound = Math.max(1, Math.floor(Math.max(typed.length, candidate.length) / 3));
    if (Math.abs(typed.length - candidate.length) > bound) continue;
    const distance = distanceOf(typed, candidate.toLowerCase());
    if (distance <= bound && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const changed = Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      next.push(swapped ? Math.min(changed, (before[column - 2] ?? 0) + 1) : changed);
    }
    before = last;
    last = next;
  }
  return last[b.length] ?? 0;
}
