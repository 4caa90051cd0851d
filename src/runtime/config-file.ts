import type { ZodType } from 'zod';
import { CollectiveError, fromUtf8, LIMITS, utf8 } from '../base/index.js';
import { isFileSystemError, type FileSystem, type Random } from '../ports/index.js';
import { readSmallFile, writeFileAtomically } from './small-files.js';

const PROBLEMS_SHOWN = 5;

/** A JSON file that must match the schema. Errors: NOT_FOUND, CONFIG_INVALID, LIMIT_EXCEEDED, FileSystemErrors. */
export async function readConfigFile<Config>(fileSystem: FileSystem, path: string, schema: ZodType<Config>): Promise<Config> {
  const text = fromUtf8(await readExisting(fileSystem, path));
  if (text === undefined) throw invalid(path, 'it is not UTF-8 text');
  return parseConfig(path, text, schema);
}

/** The same of a text that was read from there. Error: CONFIG_INVALID. */
export function parseConfig<Config>(path: string, text: string, schema: ZodType<Config>): Config {
  const parsed = schema.safeParse(parseJson(path, text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, PROBLEMS_SHOWN).map((issue) => {
    const where = issue.path.map(String).join('.');
    return where === '' ? issue.message : `${where}: ${issue.message}`;
  });
  throw invalid(path, problems.join('; '), parsed.error);
}

/** Checks the value against the schema and writes it atomically and durably. */
export async function writeConfigFile<Config>(
  ports: { readonly fileSystem: FileSystem; readonly random: Random },
  path: string,
  schema: ZodType<Config>,
  config: Config,
): Promise<void> {
  await writeFileAtomically(ports, path, utf8(`${JSON.stringify(schema.parse(config), undefined, 2)}\n`));
}

async function readExisting(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  try {
    return await readSmallFile(fileSystem, path, LIMITS.configFileBytes);
  } catch (error) {
    if (!isFileSystemError(error) || error.errno !== 'ENOENT') throw error;
    throw new CollectiveError('NOT_FOUND', `There is no ${path}.`, { details: { path }, cause: error });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : 'it is not JSON', error);
  }
}

const invalid = (path: string, why: string, cause?: unknown): CollectiveError =>
  new CollectiveError('CONFIG_INVALID', `${path} cannot be used: ${why}.`, {
    next: `Correct ${path}.`,
    details: { path },
    cause,
  });
