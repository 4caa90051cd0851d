import { freePorts } from './ports.js';

/** The ports of one member's processes. */
export interface ClusterPorts {
  readonly home: number;
  readonly enrolment: number;
  readonly peer: number;
  readonly nodes: readonly number[];
}

/** The machine, as it were, on which the processes of one member run. */
export interface Place {
  /** Where its processes listen. */
  readonly listenHost: string;
  /** What every command on it begins with; empty for this machine itself. */
  readonly within: readonly string[];
  /** Ports that are free there for a coordinator and so many nodes. */
  ports(nodes: number): Promise<ClusterPorts>;
}

/** This machine, shared with everybody else on it: loopback, and whatever ports are free. */
export const LOOPBACK: Place = {
  listenHost: '127.0.0.1',
  within: [],
  ports: async (nodes) => {
    const [home = 0, enrolment = 0, peer = 0, ...rest] = await freePorts(nodes + 3);
    return { home, enrolment, peer, nodes: rest };
  },
};

const FIRST_NODE_PORT = 7430;

/** The ports that the program takes unless told otherwise: on a machine of its own nobody else has them. */
export const usualPorts = (nodes: number): ClusterPorts => ({
  home: 7420,
  enrolment: 7421,
  peer: 7422,
  nodes: Array.from({ length: nodes }, (_, index) => FIRST_NODE_PORT + index),
});
