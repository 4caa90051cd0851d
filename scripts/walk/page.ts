import type { Household } from './household.js';
import type { Action, Chapter, Step } from './steps.js';

export interface Telling {
  /** What stands above the first chapter. */
  readonly head: string;
  readonly chapters: readonly Chapter[];
  readonly households: ReadonlyMap<string, Household>;
}

/** Walks, and tells it. Throws where a command ends otherwise than expected. */
export async function markdownOf({ head, chapters, households }: Telling): Promise<string> {
  const parts = [head];
  for (const { title, steps } of chapters) {
    console.log(title);
    parts.push(`## ${title}\n`);
    for (const step of steps) parts.push(...(await told(step, households)));
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

async function told(step: Step, households: ReadonlyMap<string, Household>): Promise<readonly string[]> {
  if (step.kind === 'text') return [`${step.text}\n`];
  const household = households.get(step.who);
  if (household === undefined) throw new Error(`nobody is called ${step.who}`);
  // Where there is only one, everybody knows who types.
  const parts = await done(step, household, households.size === 1 ? '$' : `${step.who}$`);
  return step.quiet === true ? [] : parts;
}

async function done(step: Action, household: Household, prompt: string): Promise<readonly string[]> {
  switch (step.kind) {
    case 'run': {
      console.log(`  ${prompt} ${step.command}`);
      const { exit, output } = await household.run(step.command, step.keeps);
      if (exit !== (step.exit ?? 0)) throw new Error(`${step.command} ended with ${exit}:\n${output}`);
      return [block(prompt, step.command, output)];
    }
    case 'start':
      console.log(`  ${prompt} ${step.command}   (${step.terminal})`);
      return [`In a terminal of its own:\n`, block(prompt, step.command, await household.start(step.terminal, step.command))];
    case 'stop':
      await household.stop(step.terminal, step.suddenly === true ? 'SIGKILL' : 'SIGINT');
      return [];
    case 'until':
      await household.until(step.command, step.prints);
      return [];
  }
}

const block = (prompt: string, command: string, output: string): string =>
  [
    '```console',
    `${prompt} ${command}`,
    ...(output === '' ? [] : output.split('\n').map((line) => line.trimEnd())),
    '```',
    '',
  ].join('\n');
