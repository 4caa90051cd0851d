import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A deliberate fault: a unified diff under a few lines that say what it is and which suites must find it. */
export interface PlantedFault {
  /** File name without `.patch`. */
  readonly name: string;
  readonly path: string;
  readonly title: string;
  /** Test files or folders, from the root of the project. */
  readonly suites: readonly string[];
}

/** All of `test/planted`, in order of their names. */
export async function readPlantedFaults(folder: string): Promise<readonly PlantedFault[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.patch')).sort();
  return Promise.all(names.map((name) => readPlantedFault(join(folder, name), name.slice(0, -'.patch'.length))));
}

async function readPlantedFault(path: string, name: string): Promise<PlantedFault> {
  const text = await readFile(path, 'utf8');
  const field = (key: string): string => {
    const value = new RegExp(`^${key}: (.+)$`, 'm').exec(text)?.[1]?.trim();
    if (value === undefined) throw new Error(`${path} has no line "${key}: ..." before its diff`);
    return value;
  };
  return { name, path, title: field('fault'), suites: field('suites').split(/\s+/) };
}
