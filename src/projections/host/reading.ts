/** A range of one table, read from the store. Keys as inside the program: view, table, row. */
export interface RangeRequest {
  /** Inclusive. */
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  readonly rows: number;
}

export interface StoredPage {
  readonly rows: readonly (readonly [key: string, row: Uint8Array])[];
  /** There is nothing more in the range. */
  readonly complete: boolean;
}

/** What a function needs and is not in memory: the host loads it, and runs the function again. */
export class MissingRows extends Error {
  override readonly name = 'MissingRows';
}

/** One for all: to make one, with where it was made, takes longer than most functions over views. */
const MISSING_ROWS = new MissingRows('rows are not in memory');

/**
 * What one running function (a decision, a query, an event being applied) has had loaded for it: held until it is done, so
 * that its rows cannot leave the cache before it comes to read them.
 */
export class Reading {
  readonly rows = new Map<string, Uint8Array | null>();
  readonly #pages = new Map<string, StoredPage>();
  readonly missingKeys = new Set<string>();
  readonly missingRanges = new Map<string, RangeRequest>();
  /** Which writes of the store the rows were loaded after. */
  generation: number;

  constructor(generation: number) {
    this.generation = generation;
  }

  /** What was loaded is older than the store. */
  forget(generation: number): void {
    this.rows.clear();
    this.#pages.clear();
    this.generation = generation;
  }

  get lacks(): boolean {
    return this.missingKeys.size > 0 || this.missingRanges.size > 0;
  }

  page(request: RangeRequest): StoredPage | undefined {
    const page = this.#pages.get(rangeKey(request));
    return page !== undefined && (page.complete || page.rows.length >= request.rows) ? page : undefined;
  }

  keepPage(request: RangeRequest, page: StoredPage): void {
    this.#pages.set(rangeKey(request), page);
  }

  lackRange(request: RangeRequest): void {
    this.missingRanges.set(rangeKey(request), request);
  }

  signal(): never {
    throw MISSING_ROWS;
  }
}

const rangeKey = (request: RangeRequest): string => `${request.from.length}:${request.from}${request.to}`;
