/**
 * The first `limit` rows of a range: the stored ones, with the changed ones over them (null: removed). `complete` says that
 * the stored ones are all there are; otherwise nothing can be said beyond the last of them.
 */
export function mergePage<Row>(
  stored: readonly (readonly [key: string, row: () => Row])[],
  changed: ReadonlyMap<string, Row | null>,
  complete: boolean,
  limit: number,
): { readonly rows: readonly (readonly [key: string, row: Row])[]; readonly more: boolean } {
  const last = complete ? undefined : stored.at(-1)?.[0];
  const added = [...changed.keys()].filter((key) => last === undefined || key <= last).sort(byCode);
  const rows: (readonly [string, Row])[] = [];
  let next = 0;
  const addUpTo = (bound: string | undefined): void => {
    for (let key = added[next]; key !== undefined && (bound === undefined || key < bound); key = added[next]) {
      if (rows.length > limit) return;
      const row = changed.get(key);
      if (row !== null && row !== undefined) rows.push([key, row]);
      next += 1;
    }
  };
  for (const [key, row] of stored) {
    addUpTo(key);
    if (rows.length > limit) break;
    if (!changed.has(key)) rows.push([key, row()]);
  }
  addUpTo(undefined);
  return { rows: rows.slice(0, limit), more: rows.length > limit || !complete };
}

/** Binary strings sort by their characters, which are bytes. */
const byCode = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
