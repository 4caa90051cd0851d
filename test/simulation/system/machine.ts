import {
  type SeededRandom,
  SimClock,
  type SimFileSystem,
  SimKeyValueStores,
  type SimFileSystemOptions,
  type SimTime,
  type Survival,
} from '../ports/index.js';
import { ProcessLogger, ProcessTimers } from './process.js';
import type { Trace } from './trace.js';

/** What one run of a program on a machine has of the world. */
export interface ProcessParts {
  readonly timers: ProcessTimers;
  readonly logger: ProcessLogger;
  readonly random: SeededRandom;
}

/** A machine: its disk, its databases and its clock outlive the processes that run on it, one at a time. */
export class Machine {
  readonly host: string;
  readonly clock: SimClock;
  readonly stores: SimKeyValueStores;
  readonly #time: SimTime;
  readonly #trace: Trace;
  readonly #random: SeededRandom;
  readonly #onSynced: (path: string) => void;
  #disk: SimFileSystem;
  #process: ProcessParts | undefined;
  #boots = 0;

  constructor(options: {
    readonly host: string;
    readonly time: SimTime;
    readonly trace: Trace;
    readonly random: SeededRandom;
    /** What its disk holds at first. */
    readonly disk: SimFileSystem;
    /** Told of each file on its disk that has just become durable. */
    readonly onSynced?: (path: string) => void;
  }) {
    const { host, time, trace, random, disk } = options;
    this.#onSynced = options.onSynced ?? (() => undefined);
    this.host = host;
    this.#time = time;
    this.#trace = trace;
    this.#random = random.fork(host);
    this.clock = new SimClock(time);
    this.stores = new SimKeyValueStores(this.#random.fork('stores'));
    this.#disk = disk.copy('everything', this.diskOptions());
  }

  get disk(): SimFileSystem {
    return this.#disk;
  }

  /** Of the running process. */
  get process(): ProcessParts | undefined {
    return this.#process;
  }

  diskOptions(): SimFileSystemOptions {
    return {
      random: this.#random.fork('disk'),
      time: this.#time,
      latencyMs: 0.5,
      syncLatencyMs: 8,
      onSynced: this.#onSynced,
    };
  }

  /** A new process. */
  boot(): ProcessParts {
    this.#boots += 1;
    this.#process = {
      timers: new ProcessTimers(this.#time),
      logger: new ProcessLogger(this.host, this.#trace),
      random: this.#random.fork(`boot ${this.#boots}`),
    };
    return this.#process;
  }

  /** The process dies where it stands; the machine and all that was written stay. */
  kill(): void {
    this.#end();
    this.#disk = this.#disk.killProcess();
    this.stores.killProcess();
  }

  /** The power goes: what was not synced is lost, in part or altogether. */
  powerLoss(survival: Survival): void {
    this.#end();
    this.#disk = this.#disk.crash(survival);
    this.stores.powerLoss(survival);
  }

  /** Another disk with other content is put in; the databases on the old one are gone with it. */
  replaceDisk(disk: SimFileSystem): void {
    this.#end();
    this.#disk = disk.copy('everything', this.diskOptions());
    this.stores.killProcess();
  }

  #end(): void {
    this.#process?.timers.kill();
    this.#process?.logger.kill();
    this.#process = undefined;
  }
}
