import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlantedFault } from './patch-file.js';
import { runProgram } from './run-program.js';

const COPIED = ['src', 'test', 'scripts', 'proto', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
const APPLY_LIMIT_MS = 30_000;

/** A copy of the sources to plant faults in, so that the working tree is never touched. Packages are shared with it. */
export class ScratchCopy {
  readonly path: string;
  readonly #signal: AbortSignal;

  private constructor(path: string, signal: AbortSignal) {
    this.path = path;
    this.#signal = signal;
  }

  static async make(root: string, signal: AbortSignal): Promise<ScratchCopy> {
    const copy = new ScratchCopy(await mkdtemp(join(tmpdir(), 'collective-planted-')), signal);
    try {
      for (const name of COPIED) await cp(join(root, name), join(copy.path, name), { recursive: true });
      await symlink(join(root, 'node_modules'), join(copy.path, 'node_modules'));
    } catch (error) {
      await copy.remove();
      throw error;
    }
    return copy;
  }

  /** What keeps the patch from being applied, if anything does. */
  plant(fault: PlantedFault): Promise<string | undefined> {
    return this.#apply(fault, []);
  }

  async uproot(fault: PlantedFault): Promise<void> {
    const problem = await this.#apply(fault, ['--reverse']);
    if (problem !== undefined) throw new Error(`${fault.name} could not be taken out again: ${problem}`);
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  async #apply(fault: PlantedFault, options: readonly string[]): Promise<string | undefined> {
    const args = ['apply', '--recount', ...options, fault.path];
    const { code, output } = await runProgram('git', args, { cwd: this.path, timeLimitMs: APPLY_LIMIT_MS, signal: this.#signal });
    return code === 0 ? undefined : output.trim();
  }
}
