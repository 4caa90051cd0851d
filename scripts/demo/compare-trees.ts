import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface TreeComparison {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  readonly bytes: number;
  /** What differs, in words; empty when the trees are the same, byte for byte. */
  readonly differences: readonly string[];
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

/** Compares names, kinds, permission bits, link targets and every byte of two trees. */
export async function compareTrees(left: string, right: string): Promise<TreeComparison> {
  const differences: string[] = [];
  const counts = { files: 0, directories: 0, symlinks: 0, bytes: 0 };
  const visit = async (path: string): Promise<void> => {
    const [a, b] = [join(left, path), join(right, path)];
    const [statA, statB] = [await lstat(a), await lstat(b).catch((error: unknown) => String(error))];
    if (typeof statB === 'string') {
      differences.push(`${path}: ${statB}`);
      return;
    }
    if ((statA.mode & 0o170777) !== (statB.mode & 0o170777) && !statA.isSymbolicLink()) {
      differences.push(`${path}: mode ${statA.mode.toString(8)} and ${statB.mode.toString(8)}`);
    }
    if (statA.isSymbolicLink()) {
      counts.symlinks += 1;
      if (!statB.isSymbolicLink() || (await readlink(a)) !== (await readlink(b)))
        differences.push(`${path}: link targets differ`);
    } else if (statA.isDirectory()) {
      counts.directories += 1;
      const [namesA, namesB] = await Promise.all([readdir(a), readdir(b)]);
      for (const name of namesB) if (!namesA.includes(name)) differences.push(`${join(path, name)}: only in the copy`);
      for (const name of namesA) await visit(join(path, name));
    } else {
      counts.files += 1;
      counts.bytes += statA.size;
      if (statA.size !== statB.size || (await digest(a)) !== (await digest(b))) differences.push(`${path}: bytes differ`);
    }
  };
  await visit(relative(left, left));
  return { ...counts, differences };
}
