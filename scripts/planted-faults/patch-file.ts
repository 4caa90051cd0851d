import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A deliberate fault: a unified diff under a few lines that say what it is and who must find it. */
export interface PlantedFault {
  /** File name without `.patch`. */
  readonly name: string;
  readonly path: string;
  readonly title: string;
  /** Test files or folders, from the root of the project: they must find it. */
  readonly suites: readonly string[];
  /** Or else the simulation of the whole system must, within so many seeds. */
  readonly seeds: number;
  /** Or else that of several members. */
  readonly meshSeeds: number;
}

/** All of `test/planted`, in order of their names. */
export async function readPlantedFaults(folder: string): Promise<readonly PlantedFault[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.patch')).sort();
  return Promise.all(names.map((name) => readPlantedFault(join(folder, name), name.slice(0, -'.patch'.length))));
}

async function readPlantedFault(path: string, name: string): Promise<PlantedFault> {
  const text = await readFile(path, 'utf8');
  const field = (key: string): string | undefined => new RegExp(`^${key}: (.+)$`, 'm').exec(text)?.[1]?.trim();
  const [title, suites, seeds, meshSeeds] = [field('fault'), field('suites'), field('seeds'), field('mesh-seeds')];
  const finders = [suites, seeds, meshSeeds].filter((finder) => finder !== undefined);
  if (title === undefined || finders.length !== 1) {
    throw new Error(
      `${path} needs a line "fault: ..." before its diff, and one of "suites: ...", "seeds: ...", "mesh-seeds: ..."`,
    );
  }
  const found = suites?.split(/\s+/) ?? [];
  return { name, path, title, suites: found, seeds: Number(seeds ?? 0), meshSeeds: Number(meshSeeds ?? 0) };
}
