import { z } from 'zod';
import { bin, runProgram, type Part } from './parts.js';
import { filesBelow } from './files.js';

const REPORT = z.object({
  modules: z.array(z.object({ source: z.string() })),
  summary: z.object({
    violations: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        rule: z.object({ name: z.string() }),
        cycle: z.array(z.object({ name: z.string() })).optional(),
      }),
    ),
    ruleSetUsed: z.object({ forbidden: z.array(z.object({ name: z.string(), comment: z.string().optional() })) }),
  }),
});
type Report = z.infer<typeof REPORT>;

/** Far fewer modules than this, and the tool has misread the tree. */
const MODULES_MINIMUM = 40;

/** The layers of docs/ARCHITECTURE.md, and that the tool has really read every source file. */
export const layers: Part = {
  name: 'layers',
  run: async () => {
    const { code, output } = await runProgram(bin('depcruise'), ['src', 'bin', '--output-type', 'json']);
    if (!output.startsWith('{')) return [`dependency-cruiser ended with ${code}: ${output}`];
    const report = REPORT.parse(JSON.parse(output));
    return [...violations(report), ...misread(report)];
  },
};

function violations(report: Report): string[] {
  const comments = new Map(report.summary.ruleSetUsed.forbidden.map((rule) => [rule.name, rule.comment ?? '']));
  return report.summary.violations.map(({ from, to, rule, cycle }) => {
    const path = cycle === undefined ? to : cycle.map((step) => step.name).join(' -> ');
    return `${from} -> ${path}: ${rule.name} (${comments.get(rule.name) ?? ''})`;
  });
}

function misread(report: Report): string[] {
  const read = new Set(report.modules.map((module) => module.source));
  const missing = filesBelow('src').filter((file) => file.endsWith('.ts') && !read.has(file));
  const count = [...read].filter((source) => source.startsWith('src/')).length;
  return [
    ...missing.map((file) => `${file} was not read by dependency-cruiser`),
    ...(count < MODULES_MINIMUM ? [`only ${count} modules were read, fewer than ${MODULES_MINIMUM}`] : []),
  ];
}
