export { Cluster, type ClusterOptions } from './cluster.js';
export { Collective, type CollectiveOptions, type MemberOptions } from './collective.js';
export { runCommand, type CommandOptions, type CommandResult } from './command.js';
export { Daemon, type DaemonOptions } from './daemon.js';
export { type Machine, Network } from './machines/index.js';
export { type ClusterPorts, LOOPBACK, type Place } from './place.js';
export { freePorts } from './ports.js';
