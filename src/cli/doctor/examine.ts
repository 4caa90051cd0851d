import { openContextClient } from '../compose/client.js';
import { coordinatorsHere } from '../compose/coordinator-folder.js';
import { knownNodes } from '../compose/known-nodes.js';
import type { World } from '../compose/world.js';
import { ContextStore } from '../contexts/context-store.js';
import type { Check } from './check.js';
import { checkAnswer, checkWay } from './coordinator.js';
import { checkDisks, checkNode, checkOpenFiles } from './machine.js';
import { checkMembership } from './membership.js';
import { checkNodes } from './nodes.js';

export interface Examination {
  readonly configDirectory: string;
  readonly dataDirectory: string;
  readonly contextName: string | undefined;
  readonly signal: AbortSignal;
  readonly atEnd: (dispose: () => Promise<void> | void) => void;
}

/** Looks at one thing after the other, and stops where the next would only fail for the same reason. */
export async function* examine(world: World, options: Examination): AsyncGenerator<Check, void> {
  const { configDirectory, dataDirectory, contextName, signal } = options;
  yield checkNode(process.versions.node);
  yield* await checkOpenFiles();
  const [coordinators, nodes] = [await coordinatorsHere(dataDirectory), await knownNodes(world, dataDirectory)];
  yield* await checkDisks([configDirectory, ...coordinators, ...nodes]);
  const store = new ContextStore(configDirectory, world);
  const { checks, membership } = await checkMembership(store, contextName, world.clock.nowMs());
  yield* checks;
  if (membership === undefined) return;
  const { context, own } = membership;
  yield* await checkWay(context.endpoints, own, world.clock);
  const { client, openNode } = await openContextClient(world, configDirectory, context.name);
  options.atEnd(() => client.close());
  const answer = await checkAnswer(client, world.clock, signal);
  yield* answer.checks;
  if (answer.status !== undefined) yield* await checkNodes(answer.status.nodes, openNode, signal);
}
