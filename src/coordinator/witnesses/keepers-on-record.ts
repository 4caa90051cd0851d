import { isNodeId, type MemberId } from '../../base/index.js';
import { countsAsHolder } from '../../domain/index.js';
import type { StoredBlock } from '../../events/index.js';
import type { Views, WitnessesRow } from '../../projections/index.js';
import type { KeeperId } from './keeper.js';
import type { Quorum, QuorumRule } from './quorum.js';

/** Who may be asked for the own log: suspended and removed members are not. */
export const admittedMembers = (views: Views): readonly MemberId[] =>
  views.peers.all().flatMap(([memberId, { state }]) => (state === 'admitted' ? [memberId] : []));

/** Who has to hold the log, by the event that says so. */
export const ruleOf = ({ nodeIds, members, required }: WitnessesRow): QuorumRule => ({
  keepers: [...nodeIds, ...members],
  required,
});

/** Witnesses on record that are gone: a revoked node is not let in any more, and neither is a suspended or removed member. */
export function goneKeepers(views: Views): readonly KeeperId[] {
  const { nodeIds, members } = views.witnesses.current();
  const admitted = new Set(admittedMembers(views));
  return [
    ...nodeIds.filter((nodeId) => !countsAsHolder(nodeId, views) || views.nodes.get(nodeId) === undefined),
    ...members.filter((memberId) => !admitted.has(memberId)),
  ];
}

/** What a new block says about who has to hold it. `atOnce`: those named before are not asked. Returns who is named now, if that changed. */
export function noteInQuorum(quorum: Quorum, block: StoredBlock, atOnce: boolean): readonly KeeperId[] {
  let named: readonly KeeperId[] = [];
  for (const { event, envelope } of block.events) {
    switch (event?.type) {
      case 'WitnessesChanged':
        named = [...event.witnesses, ...event.members];
        quorum.change({ keepers: named, required: event.required }, envelope.position.sequence, atOnce);
        break;
      case 'NodeDecommissioned':
        quorum.lose(event.nodeId);
        break;
      case 'CertificateRevoked':
        if (event.role === 'node' && isNodeId(event.subjectId)) quorum.lose(event.subjectId);
        break;
      case 'MemberSuspended':
      case 'MemberRemoved':
        quorum.lose(event.memberId);
        break;
      case 'MemberReinstated':
        quorum.regain(event.memberId);
        break;
      default:
    }
  }
  return named;
}
