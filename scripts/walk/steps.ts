/** One step of a walk. Commands are what a shell is given; `~` is the walker's home. */
export type Step = { readonly kind: 'text'; readonly text: string } | Action;

/** What somebody does, at a machine of their own. */
export type Action = (
  | /** Runs to its end. `keeps`: the name under which later commands, of everybody, get its standard output, as `<name>`. */
  { readonly kind: 'run'; readonly command: string; readonly exit?: number; readonly keeps?: string }
  /** Runs in a terminal of its own from here on. */
  | { readonly kind: 'start'; readonly terminal: string; readonly command: string }
  /** Ends what runs in that terminal, as Ctrl-C does, or as a power cut. */
  | { readonly kind: 'stop'; readonly terminal: string; readonly suddenly?: boolean }
  /** Waits, unseen, until the command ends with 0 and prints what is wanted. */
  | { readonly kind: 'until'; readonly command: string; readonly prints: RegExp }
) & {
  readonly who: string;
  /** Done, and not told. */
  readonly quiet?: true;
};

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

export const text = (words: string): Step => ({ kind: 'text', text: words });

/** The steps that one person takes. */
export class Walker {
  readonly #who: string;

  constructor(who: string) {
    this.#who = who;
  }

  run(command: string, more: { readonly exit?: number; readonly keeps?: string } = {}): Step {
    return { who: this.#who, kind: 'run', command, ...more };
  }

  start(terminal: string, command: string): Step {
    return { who: this.#who, kind: 'start', terminal, command };
  }

  quietly(command: string, keeps?: string): Step {
    return { who: this.#who, kind: 'run', command, quiet: true, ...(keeps === undefined ? {} : { keeps }) };
  }

  quietStart(terminal: string, command: string): Step {
    return { who: this.#who, kind: 'start', terminal, command, quiet: true };
  }

  stop(terminal: string, suddenly = false): Step {
    return { who: this.#who, kind: 'stop', terminal, suddenly };
  }

  until(command: string, prints: RegExp): Step {
    return { who: this.#who, kind: 'until', command, prints };
  }
}
