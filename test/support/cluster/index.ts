export { Cluster, type ClusterOptions } from './cluster.js';
export { runCommand, type CommandOptions, type CommandResult } from './command.js';
export { Daemon, type DaemonOptions } from './daemon.js';
export { freePorts } from './ports.js';
