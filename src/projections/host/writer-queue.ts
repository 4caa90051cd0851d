/** Lets one task at a time through, in the order they came. */
export class WriterQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<Value>(task: () => Promise<Value>): Promise<Value> {
    const result = this.#last.then(task);
    // Whoever called gets the failure; the next in line only waits for the end.
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
