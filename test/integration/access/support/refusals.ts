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

const WAIT_MS = 5_000;
const TELLING = new Set(['connection refused', 'a chunk connection is closed']);

/** The log of the servers, and in it why a connection from some port of this machine was refused. */
export class Refusals {
  readonly lines: LogLine[] = [];
  readonly #byPort = new Map<number, Refusal[]>();
  readonly #waiting = new Map<number, (refusal: Refusal) => void>();

  take(line: string): void {
    const fields = JSON.parse(line) as Record<string, unknown>;
    const { level, message, remote, code, reason } = fields;
    this.lines.push({ level: String(level), message: String(message), fields });
    if (typeof message !== 'string' || !TELLING.has(message) || typeof remote !== 'string') return;
    const port = Number(remote.slice(remote.lastIndexOf(':') + 1));
    const refusal = { code: String(code), reason: String(reason) };
    this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), refusal]);
    this.#waiting.get(port)?.(refusal);
  }

  /** Lines that only a fault of the program writes. */
  get faults(): readonly LogLine[] {
    return this.lines.filter(({ level }) => level === 'error' || level === 'fatal');
  }

  /** A new connection begins at this local port, which may have been that of an older one. */
  forget(localPort: number): void {
    this.#byPort.delete(localPort);
  }

  /** Why the connection from this local port was refused; undefined when the log does not say. */
  async of(localPort: number): Promise<Refusal | undefined> {
    const known = this.#byPort.get(localPort)?.at(-1);
    if (known !== undefined) return known;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Refusal | undefined>((resolve) => {
        this.#waiting.set(localPort, resolve);
        timer = setTimeout(() => resolve(undefined), WAIT_MS);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(localPort);
    }
  }
}
