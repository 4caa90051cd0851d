/** Runs tasks of one key one after another, in the order they came; tasks of different keys side by side. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  async run<Value>(key: string, task: () => Promise<Value>): Promise<Value> {
    const before = this.#tails.get(key);
    let release: () => void = () => undefined;
    const tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#tails.set(key, tail);
    try {
      await before;
      return await task();
    } finally {
      release();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }

  isHeld(key: string): boolean {
    return this.#tails.has(key);
  }
}
