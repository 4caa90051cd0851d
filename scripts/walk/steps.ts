/** One step of the walk. Commands are what a shell is given; `~` is the walker's home. */
export type Step =
  | { readonly kind: 'text'; readonly text: string }
  /** Runs to its end. `keeps`: the name under which later commands get its standard output, as `<name>`. */
  | { readonly kind: 'run'; readonly command: string; readonly exit?: number; readonly keeps?: string }
  /** Runs in a terminal of its own from here on. */
  | { readonly kind: 'start'; readonly terminal: string; readonly command: string }
  /** Ends what runs in that terminal, as Ctrl-C does, or as a power cut. */
  | { readonly kind: 'stop'; readonly terminal: string; readonly suddenly?: boolean }
  /** Waits, unseen, until the command ends with 0 and prints what is wanted. */
  | { readonly kind: 'until'; readonly command: string; readonly prints: RegExp };

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

export const text = (words: string): Step => ({ kind: 'text', text: words });
export const run = (command: string, more: { readonly exit?: number; readonly keeps?: string } = {}): Step => ({
  kind: 'run',
  command,
  ...more,
});
export const start = (terminal: string, command: string): Step => ({ kind: 'start', terminal, command });
export const stop = (terminal: string, suddenly = false): Step => ({ kind: 'stop', terminal, suddenly });
export const until = (command: string, prints: RegExp): Step => ({ kind: 'until', command, prints });
