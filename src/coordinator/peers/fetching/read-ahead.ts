import { type CollectiveError, toCollectiveError } from '../../../base/index.js';

/** Takes pages before they are asked for, up to about so many bytes, so that two sources work at the same time. */
export class ReadAhead {
  readonly #pages: (readonly Uint8Array[])[] = [];
  readonly #limitBytes: number;
  readonly #source: AsyncGenerator<readonly Uint8Array[], void, undefined>;
  #bytes = 0;
  #over = false;
  #failure: CollectiveError | undefined;
  #waiting: (() => void)[] = [];
  readonly #reading: Promise<void>;

  constructor(source: AsyncGenerator<readonly Uint8Array[], void, undefined>, limitBytes: number) {
    this.#source = source;
    this.#limitBytes = limitBytes;
    this.#reading = this.#read();
  }

  /** What was taken, and then the rest. What the source threw is thrown after what came before it. */
  async *pages(): AsyncGenerator<readonly Uint8Array[], void, undefined> {
    for (;;) {
      const page = this.#pages.shift();
      if (page !== undefined) {
        this.#bytes -= bytesOf(page);
        this.#wake();
        yield page;
      } else if (this.#over) {
        if (this.#failure !== undefined) throw this.#failure;
        return;
      } else await this.#change();
    }
  }

  /** Ends it, whatever was not taken. */
  async stop(): Promise<void> {
    this.#over = true;
    this.#wake();
    await this.#source.return();
    await this.#reading;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    try {
      for await (const page of this.#source) {
        this.#pages.push(page);
        this.#bytes += bytesOf(page);
        this.#wake();
        while (this.#bytes >= this.#limitBytes && !this.#over) await this.#change();
        if (this.#over) return;
      }
    } catch (error) {
      this.#failure = toCollectiveError(error);
    } finally {
      this.#over = true;
      this.#wake();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const bytesOf = (page: readonly Uint8Array[]): number => page.reduce((sum, { length }) => sum + length, 0);
