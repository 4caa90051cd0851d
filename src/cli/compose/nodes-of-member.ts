import { LIMITS, type MemberId } from '../../base/index.js';
import { ContextStore } from '../contexts/context-store.js';
import { openContextClient } from './client.js';
import type { RecoveryKit } from './recovery-kit.js';
import type { World } from './world.js';

/** The nodes of a member as its coordinator knows them now; none where it cannot be asked from here. */
export async function nodesOfMember(
  world: World,
  configDirectory: string,
  memberId: MemberId,
  signal: AbortSignal,
): Promise<RecoveryKit['nodes']> {
  const contexts = await new ContextStore(configDirectory, world).list();
  const context = contexts.find((each) => each.memberId === memberId);
  if (context === undefined) return [];
  const opened = await openContextClient(world, configDirectory, context.name);
  const impatience = AbortSignal.any([signal, AbortSignal.timeout(LIMITS.rpcConnectTimeoutMs)]);
  try {
    const [nodes, summary] = [await opened.client.admin.nodes(impatience), await opened.client.witnesses.list(impatience)];
    const witnesses = new Set(summary.witnesses.map(({ nodeId }) => nodeId));
    return nodes.map(({ nodeId, name }) => ({ id: nodeId, name, witness: witnesses.has(nodeId) }));
  } catch (error) {
    if (signal.aborted) throw error;
    world.logger.info('the coordinator could not be asked for its nodes', { error: String(error) });
    return [];
  } finally {
    await opened.close();
  }
}
