import { expect, it } from 'vitest';

/** One promise of an interface, and what shows that it is kept. */
export type Rule<Subject> = readonly [title: string, body: (subject: Subject) => Promise<void>];

/** Declares one test a rule, each with a subject of its own. Called inside a `describe`. */
export function holdRules<Subject>(
  rules: readonly Rule<Subject>[],
  use: (body: (subject: Subject) => Promise<void>) => Promise<void>,
): void {
  it.each(rules)('%s', async (_title, body) => {
    expect.hasAssertions();
    await use(body);
  });
}
