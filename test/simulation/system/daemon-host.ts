import type { Survival } from '../ports/index.js';
import type { Machine, ProcessParts } from './machine.js';

/** A real program: rejects what it cannot start with, and settles `stop` once it has ended in order. */
export interface Program {
  start(signal: AbortSignal): Promise<unknown>;
  stop(): Promise<void>;
}

export type HostState = 'off' | 'starting' | 'running';

/** A machine, and the real program on it whenever it runs; a supervisor starts it again when it has ended. */
export abstract class DaemonHost<Running extends Program = Program> {
  readonly host: string;
  readonly machine: Machine;
  #program: Running | undefined;
  #starting = new AbortController();
  #state: HostState = 'off';
  /** Why it gave up by itself. */
  failure: string | undefined;

  protected constructor(host: string, machine: Machine) {
    this.host = host;
    this.machine = machine;
  }

  /** A program in a new process of the machine, not started yet. */
  protected abstract open(process: ProcessParts): Running;

  /** Nothing of the process that has ended is heard any more. */
  protected abstract hangUp(): void;

  get state(): HostState {
    return this.#state;
  }

  /** Undefined unless it serves. */
  protected get program(): Running | undefined {
    return this.#program;
  }

  protected isCurrent(process: ProcessParts): boolean {
    return this.machine.process === process;
  }

  /** Resolves when it serves; rejects when it does not start. Never settles when it is killed meanwhile. */
  async start(): Promise<void> {
    const process = this.machine.boot();
    this.#state = 'starting';
    this.failure = undefined;
    const starting = new AbortController();
    this.#starting = starting;
    const program = this.open(process);
    try {
      await program.start(starting.signal);
    } catch (error) {
      if (this.isCurrent(process)) this.kill();
      throw error;
    }
    if (!this.isCurrent(process)) return;
    this.#program = program;
    this.#state = 'running';
  }

  /** In order, as by SIGTERM. */
  async stop(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    const { process } = this.machine;
    try {
      await program?.stop();
    } finally {
      if (this.machine.process === process) this.kill();
    }
  }

  kill(): void {
    this.ended();
    this.machine.kill();
  }

  powerLoss(survival: Survival): void {
    this.ended();
    this.machine.powerLoss(survival);
  }

  protected ended(): void {
    this.#state = 'off';
    this.#program = undefined;
    this.#starting.abort();
    this.hangUp();
  }
}
