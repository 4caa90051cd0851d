import type { BenchMember, Mesh } from './mesh.js';

const MODIFIED = { seconds: 1_900_000_000, nanoseconds: 0 };
const POLL_MS = 1;
const LIMIT_MS = 120_000;

/** How long one change took to be seen by the others, in virtual ms from when its author was told that it is done. */
export interface Spread {
  /** Of each other member, from its author's command to when its views show it. */
  readonly appliedMs: readonly number[];
  /** The same without the delay of the one link between the two. */
  readonly ownMs: readonly number[];
  /** Until the last one had it, and that without the delay of the longest link. */
  readonly everybodyMs: number;
  readonly everybodyOwnMs: number;
}

/** One member makes a folder; everybody else is watched until their views have it. */
export async function spreadOf(mesh: Mesh, author: BenchMember, name: string): Promise<Spread> {
  const { memberId } = author.founded;
  const others = mesh.members.filter((member) => member !== author);
  const atMs = new Map<string, number>();
  const woken = new Map<string, () => void>();
  const stop = mesh.onSynced((host, path) => {
    if (path.includes(`/log/${memberId}/HEAD`)) woken.get(host)?.();
  });
  let sequence = Number.POSITIVE_INFINITY;
  const startMs = mesh.time.nowMs;
  const watching = others.map(async (member) => {
    const host = member.founded.name;
    await new Promise<void>((resolve) => woken.set(host, resolve));
    for (;;) {
      const { logs } = await member.said();
      if ((logs.find(({ origin }) => origin === memberId)?.appliedSequence ?? 0) >= sequence) break;
      if (mesh.time.nowMs - startMs > LIMIT_MS) throw new Error(`${host} has not seen ${name} in ${LIMIT_MS} ms`);
      await mesh.timers.sleep(POLL_MS);
    }
    atMs.set(host, mesh.time.nowMs - startMs);
  });
  const seen = Promise.all(watching);
  const [made] = await author.client.makeDirectories(
    [`/${name}`],
    { mode: 0o755, modified: MODIFIED, parents: false },
    new AbortController().signal,
  );
  sequence = Number(made?.id.split('-')[1]);
  await seen;
  stop();
  const delayOf = (host: string): number => mesh.delayMs(author.founded.name, host);
  const hosts = others.map(({ founded }) => founded.name);
  const appliedMs = hosts.map((host) => atMs.get(host) ?? Number.NaN);
  const everybodyMs = Math.max(...appliedMs);
  return {
    appliedMs,
    ownMs: hosts.map((host) => (atMs.get(host) ?? Number.NaN) - delayOf(host)),
    everybodyMs,
    everybodyOwnMs: everybodyMs - Math.max(...hosts.map(delayOf)),
  };
}

/** Makes that many folders at one member, as fast as it takes them. */
export async function makeMany(member: BenchMember, count: number, label: string): Promise<void> {
  const signal = new AbortController().signal;
  for (let made = 0; made < count; ) {
    const paths = Array.from({ length: Math.min(64, count - made) }, (_, index) => `/${label}-${made + index}`);
    await member.client.makeDirectories(paths, { mode: 0o755, modified: MODIFIED, parents: false }, signal);
    made += paths.length;
  }
}

/** An empty file: the same events as of a full one, but for the copies of its chunks. */
export async function storeFile(member: BenchMember, path: string): Promise<void> {
  const report = await member.client.write({
    bytes: nothing(),
    path,
    mode: 0o644,
    modified: MODIFIED,
    copies: 0,
    signal: new AbortController().signal,
  });
  const [failure] = report.failures;
  if (failure !== undefined) throw failure.error;
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // An empty file has no bytes.
}
