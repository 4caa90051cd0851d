/** A line that says why somebody was not served. */
export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const WAIT_MS = 30_000;
const TELLING = new Set(['connection refused', 'a chunk connection is closed']);

/** The log of the servers, and in it why a connection from some port of this machine was refused. */
export class Refusals {
  readonly lines: LogLine[] = [];
  readonly #byPort = new Map<number, Refusal[]>();
  readonly #waiting = new Map<number, Set<() => void>>();

  take(line: string): void {
    const fields = JSON.parse(line) as Record<string, unknown>;
    const { level, message, remote, code, reason } = fields;
    this.lines.push({ level: String(level), message: String(message), fields });
    if (typeof message !== 'string' || !TELLING.has(message) || typeof remote !== 'string') return;
    const port = Number(remote.slice(remote.lastIndexOf(':') + 1));
    const refusal = { code: String(code), reason: String(reason) };
    this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), refusal]);
    for (const look of this.#waiting.get(port) ?? []) look();
  }

  /** Lines that only a fault of the program writes. */
  get faults(): readonly LogLine[] {
    return this.lines.filter(({ level }) => level === 'error' || level === 'fatal');
  }

  /**
   * How often the log has told of this local port. Connections of older times have had it, and one to another port of the servers may
   * have it at the same time.
   */
  told(localPort: number): number {
    return this.#byPort.get(localPort)?.length ?? 0;
  }

  /** Why the connection from this local port was refused, of what came after so many; undefined when the log does not say. */
  async of(localPort: number, after = 0): Promise<Refusal | undefined> {
    const known = (): Refusal | undefined => (this.told(localPort) > after ? this.#byPort.get(localPort)?.at(-1) : undefined);
    if (known() !== undefined) return known();
    const waiting = this.#waiting.get(localPort) ?? new Set();
    this.#waiting.set(localPort, waiting);
    let timer: NodeJS.Timeout | undefined;
    let look = (): void => undefined;
    try {
      return await new Promise<Refusal | undefined>((resolve) => {
        look = () => {
          if (known() !== undefined) resolve(known());
        };
        waiting.add(look);
        timer = setTimeout(() => resolve(undefined), WAIT_MS);
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(look);
    }
  }
}
