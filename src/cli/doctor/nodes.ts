import type { CollectiveClient, OpenNodeChannel } from '../../client/index.js';
import { doubtful, failed, fine, wrong, type Check } from './check.js';

type Nodes = Awaited<ReturnType<CollectiveClient['admin']['nodes']>>;

/** Whether files can be fetched from each node and stored there, from this machine. */
export async function checkNodes(nodes: Nodes, open: OpenNodeChannel, signal: AbortSignal): Promise<readonly Check[]> {
  if (nodes.length === 0) return [wrong('nodes', 'No node has joined: nothing can be stored.', 'collective node invite')];
  return Promise.all(nodes.map((node) => checkNode(node, open, signal)));
}

async function checkNode(node: Nodes[number], open: OpenNodeChannel, signal: AbortSignal): Promise<Check> {
  const { nodeId, name, endpoints, state } = node;
  if (state === 'never-seen')
    return doubtful('node-port', `Node ${name} was never started.`, 'Where it joined: collective node start --path DIR');
  if (state === 'revoked') return fine('node-port', `Node ${name} is revoked, and not asked.`);
  try {
    const channel = await open(
      { nodeId, name, endpoints, ticket: new Uint8Array(0), ticketExpiresMs: 0, memberId: '', trust: undefined },
      signal,
    );
    channel.close();
  } catch (error) {
    const next = `See that node ${name} runs and that its address can be reached from this machine: collective node show ${name}`;
    const { message } = failed('node-port', error);
    return state === 'online'
      ? wrong('node-port', `Node ${name} is there for the coordinator, and not from here. ${message}`, next)
      : wrong('node-port', `Node ${name} is away. ${message}`, 'On its machine: collective node start --path DIR');
  }
  return state === 'online'
    ? fine('node-port', `Node ${name} answers at its data port.`)
    : doubtful(
        'node-port',
        `Node ${name} answers here, and the coordinator does not hear from it.`,
        `Look into the log of node ${name}.`,
      );
}
