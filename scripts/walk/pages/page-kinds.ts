import type { Household } from '../household.js';
import type { Chapter } from '../steps.js';

/** A document that is written by walking. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly head: string;
  readonly chapters: readonly Chapter[];
  /** The machines to walk on, all below an empty folder, which the caller removes. */
  readonly open: (root: string) => Promise<OpenPage>;
}

export interface OpenPage {
  readonly households: ReadonlyMap<string, Household>;
  readonly close: () => Promise<void>;
}
