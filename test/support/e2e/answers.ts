import { z } from 'zod';
import type { CommandResult } from '../cluster/index.js';

/** What a command printed with --json. */
export function jsonOf<Shape>(result: CommandResult, shape: z.ZodType<Shape>): Shape {
  return shape.parse(JSON.parse(result.stdout.toString('utf8')));
}

export const REFUSAL = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    next: z.string().optional(),
    details: z.record(z.string(), z.unknown()),
  }),
});

export const STORED = z.object({
  files: z.number(),
  directories: z.number(),
  symlinks: z.number(),
  size: z.number(),
  sent: z.number(),
  known: z.number(),
  holes: z.number(),
  copies: z.number(),
  failureCount: z.number(),
});

export const WRITTEN = z.object({ path: z.string(), size: z.number(), sent: z.number(), holes: z.number(), copies: z.number() });

export const FETCHED = z.object({
  files: z.number(),
  directories: z.number(),
  symlinks: z.number(),
  size: z.number(),
  failures: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
  failureCount: z.number(),
});

export const ENTRY = z.object({
  path: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'directory', 'symlink']),
  size: z.number(),
  mode: z.string(),
  modified: z.string(),
  version: z.number(),
  id: z.string(),
  target: z.string().optional(),
});

export const LISTING = z.object({ path: z.string(), entries: z.array(ENTRY) });

const NODE = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  store: z.object({ state: z.string(), reason: z.string().optional() }),
  capacity: z.number(),
  used: z.number(),
  free: z.number(),
  chunks: z.number(),
  damagedCopies: z.number(),
});

export const STATUS = z.object({
  health: z.enum(['healthy', 'degraded', 'failed']),
  findings: z.array(z.object({ code: z.string(), severity: z.string(), message: z.string(), next: z.string() })),
  nodes: z.array(NODE),
  usage: z.object({
    files: z.number(),
    directories: z.number(),
    chunks: z.number(),
    copies: z.number(),
    storedBytes: z.number(),
    damagedCopies: z.number(),
    underProtectedChunks: z.number(),
  }),
});

export type Status = z.infer<typeof STATUS>;
