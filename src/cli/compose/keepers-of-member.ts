import { isMemberId, LIMITS, type MemberId } from '../../base/index.js';
import { certificatePem } from '../../identity/index.js';
import { ContextStore } from '../contexts/context-store.js';
import { openContextClient } from './client.js';
import type { RecoveryKit } from './recovery-kit.js';
import type { World } from './world.js';

/** Who may keep a member's log, as its coordinator knows them now: its nodes and other members; nobody where it cannot be asked from here. */
export async function keepersOfMember(
  world: World,
  configDirectory: string,
  memberId: MemberId,
  signal: AbortSignal,
): Promise<Pick<RecoveryKit, 'nodes' | 'peers'>> {
  const contexts = await new ContextStore(configDirectory, world).list();
  const context = contexts.find((each) => each.memberId === memberId);
  if (context === undefined) return NOBODY;
  const opened = await openContextClient(world, configDirectory, context.name);
  const impatience = AbortSignal.any([signal, AbortSignal.timeout(LIMITS.rpcConnectTimeoutMs)]);
  try {
    const [nodes, summary] = [await opened.client.admin.nodes(impatience), await opened.client.witnesses.list(impatience)];
    const witnesses = new Set(summary.witnesses.map(({ nodeId }) => nodeId));
    const members = await opened.client.members.list(impatience);
    return {
      nodes: nodes.map(({ nodeId, name }) => ({ id: nodeId, name, witness: witnesses.has(nodeId) })),
      peers: members.flatMap(({ memberId, name, state, endpoints, caCertificate }) =>
        isMemberId(memberId) && state === 'admitted'
          ? [{ id: memberId, name, endpoints: [...endpoints], ca: certificatePem(caCertificate) }]
          : [],
      ),
    };
  } catch (error) {
    if (signal.aborted) throw error;
    world.logger.info('the coordinator could not be asked for its nodes and other members', { error: String(error) });
    return NOBODY;
  } finally {
    await opened.close();
  }
}

const NOBODY: Pick<RecoveryKit, 'nodes' | 'peers'> = { nodes: [], peers: [] };
