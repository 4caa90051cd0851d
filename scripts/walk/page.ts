import type { Household } from './household.js';
import type { Chapter, Step } from './steps.js';

const HEAD = `# Getting started

From nothing to files on two disks, and through what may happen to them: every command below was run, and what it printed is what
stands here. Only paths of the home folder, ids, invites, ports and process numbers are replaced. It is written by \`npm run walk\`;
\`npm run walk -- --check\` runs it again and compares.

Everything happens on one machine, with two folders in place of two disks. On real machines leave out the \`--listen\` flags: the
defaults are all addresses, and ports 7420, 7421 and 7430.
`;

/** Walks, and tells it. Throws where a command ends otherwise than expected. */
export async function markdownOf(chapters: readonly Chapter[], household: Household): Promise<string> {
  const parts = [HEAD];
  for (const { title, steps } of chapters) {
    console.log(title);
    parts.push(`## ${title}\n`);
    for (const step of steps) parts.push(...(await told(step, household)));
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

async function told(step: Step, household: Household): Promise<readonly string[]> {
  switch (step.kind) {
    case 'text':
      return [`${step.text}\n`];
    case 'run': {
      console.log(`  $ ${step.command}`);
      const { exit, output } = await household.run(step.command, step.keeps);
      if (exit !== (step.exit ?? 0)) throw new Error(`${step.command} ended with ${exit}:\n${output}`);
      return [block(step.command, output)];
    }
    case 'start':
      console.log(`  ${step.terminal} $ ${step.command}`);
      return [`In a terminal of its own:\n`, block(step.command, await household.start(step.terminal, step.command))];
    case 'stop':
      await household.stop(step.terminal, step.suddenly === true ? 'SIGKILL' : 'SIGINT');
      return [];
    case 'until':
      await household.until(step.command, step.prints);
      return [];
  }
}

const block = (command: string, output: string): string =>
  ['```console', `$ ${command}`, ...(output === '' ? [] : output.split('\n').map((line) => line.trimEnd())), '```', ''].join(
    '\n',
  );
