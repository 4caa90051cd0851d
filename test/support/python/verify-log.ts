import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runProgram } from './run-program.js';

const SCRIPT = fileURLToPath(new URL('../../../tools/verify_log.py', import.meta.url));
/** Debian's, which has Debian's `cryptography`. */
export const PYTHON = '/usr/bin/python3';

const REPORT = z.object({
  log: z.string(),
  origin: z.string().nullable(),
  ok: z.boolean(),
  segments: z.number(),
  blocks: z.number(),
  events: z.number(),
  bytes: z.number(),
  sequence: z.number(),
  damages: z.array(z.object({ file: z.string(), offset: z.number(), sequence: z.number(), problem: z.string() })),
});

export type PythonReport = z.infer<typeof REPORT>;

/** What tools/verify_log.py says of each folder, in one process; and its exit code. */
export async function verifyWithPython(
  ...paths: readonly string[]
): Promise<{ readonly code: number | null; readonly reports: readonly PythonReport[]; readonly stderr: string }> {
  const { code, stdout, stderr } = await runProgram(PYTHON, [SCRIPT, '--json', ...paths]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { code, reports: lines.map((line) => REPORT.parse(JSON.parse(line))), stderr };
}

/** The same as lines for people. */
export const verifyInWords = (...paths: readonly string[]): ReturnType<typeof runProgram> =>
  runProgram(PYTHON, [SCRIPT, ...paths]);
