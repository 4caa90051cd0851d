import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Cluster, type CommandResult, Daemon, runCommand } from '../../test/support/cluster/index.js';
import { NODES } from './fixture.js';
import type { Complaint } from './complaint.js';
import type { Member, ReadReport } from './trial.js';

const ERROR = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    next: z.string().optional(),
    details: z.record(z.string(), z.unknown()),
  }),
});
const FETCHED = z.object({ failures: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })) });
const STATUS = z.object({
  findings: z.array(z.object({ code: z.string(), message: z.string() })),
  nodes: z.array(z.object({ state: z.string() })),
});
const ONLINE_WITHIN_MS = 8000;

/** The same as real processes and commands of the built product. */
export class CommandsMember implements Member {
  readonly #live: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #daemons: Daemon[] = [];
  readonly failed = undefined;

  private constructor(live: string) {
    this.#live = live;
    this.#env = {
      ...process.env,
      HOME: join(live, 'home'),
      XDG_CONFIG_HOME: join(live, 'config'),
      XDG_DATA_HOME: join(live, 'data'),
      XDG_CACHE_HOME: join(live, 'cache'),
      NO_COLOR: '1',
    };
  }

  static async over(live: string): Promise<CommandsMember> {
    await mkdir(join(live, 'logs'), { recursive: true });
    return new CommandsMember(live);
  }

  async start(): Promise<readonly Complaint[]> {
    const complaints: Complaint[] = [];
    const nodes = Array.from({ length: NODES }, (_, index) => `node-${index + 1}`);
    const daemons = [
      { who: 'coordinator', args: ['coordinator', 'start'] },
      ...nodes.map((who) => ({ who, args: ['node', 'start', '--path', join(this.#live, who)] })),
    ];
    const starts = daemons.map(async ({ who, args }) => {
      const logPath = join(this.#live, 'logs', `${who}.log`);
      await writeFile(logPath, '');
      const daemon = new Daemon({ args, env: this.#env, executable: Cluster.executable, logPath, readyWithinMs: 60_000 });
      this.#daemons.push(daemon);
      try {
        await daemon.start();
      } catch (error) {
        complaints.push(complaintFrom(who, `${String(error)}\n${await readFile(logPath, 'utf8')}`));
      }
    });
    await Promise.all(starts);
    if (!complaints.some(({ who }) => who === 'coordinator')) await this.#untilOnline(NODES - complaints.length);
    return complaints;
  }

  async readAll(target: string): Promise<ReadReport> {
    await rm(target, { recursive: true, force: true });
    const result = await this.#command(['get', '/', target, '--json']);
    const report = FETCHED.safeParse(parsed(result));
    if (report.success) {
      const failures = report.data.failures.map(({ path, code, message }) => ({ who: 'client', code, text: message, path }));
      return { failures, error: undefined };
    }
    return { failures: [], error: complaintFrom('client', result.stdout.toString() + result.stderr) };
  }

  async write(path: string, bytes: Uint8Array): Promise<Complaint | undefined> {
    const result = await runCommand(['write', path, '--json'], { executable: Cluster.executable, env: this.#env, input: bytes });
    return result.code === 0 ? undefined : complaintFrom('client', result.stdout.toString() + result.stderr);
  }

  async findings(): Promise<readonly string[]> {
    const status = STATUS.parse(parsed(await this.#command(['status', '--json'])));
    return status.findings.map(({ code, message }) => `${code}: ${message}`);
  }

  async auditFindings(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const command of ['verify', 'replay']) {
      const result = await this.#command(['audit', command, '--json']);
      if (result.code !== 0) found.push(`audit ${command}: ${result.stdout.toString()}`);
    }
    return found;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.stop()));
  }

  async #untilOnline(count: number): Promise<void> {
    const deadline = performance.now() + ONLINE_WITHIN_MS;
    while (performance.now() < deadline) {
      const status = STATUS.safeParse(parsed(await this.#command(['status', '--json'])));
      if (!status.success || status.data.nodes.filter(({ state }) => state === 'online').length >= count) return;
    }
  }

  #command(args: readonly string[]): Promise<CommandResult> {
    return runCommand(args, { executable: Cluster.executable, env: this.#env });
  }
}

function parsed({ stdout }: CommandResult): unknown {
  try {
    return JSON.parse(stdout.toString());
  } catch (error) {
    return { unreadable: String(error) };
  }
}

/** Finds the error in what a process printed, whatever stands around it. */
function complaintFrom(who: string, printed: string): Complaint {
  const start = printed.indexOf('{\n  "error"');
  const end = printed.indexOf('\n}', start);
  if (start >= 0 && end > start) {
    const found = ERROR.safeParse(JSON.parse(printed.slice(start, end + 2)));
    if (found.success) {
      const { code, message, next, details } = found.data.error;
      return { who, code, text: `${message} ${next ?? ''} ${JSON.stringify(details)}` };
    }
  }
  return { who, code: 'INTERNAL', text: printed.slice(0, 2000) };
}
