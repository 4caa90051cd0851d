import { BinaryWriter } from '@bufbuild/protobuf/wire';

/**
 * The forerunner's way: every coordinator sends a SyncState with all nodes and all peers it knows to every peer, every 30 s.
 * Its answer holds the same again, which is counted apart; its heartbeats come on top and are not counted.
 */
export const SNAPSHOT_PERIOD_MS = 30_000;

const memberName = (index: number): string => `member-${index + 1}`;
const addressOf = (index: number, port: number): string => `10.0.${Math.floor(index / 250)}.${1 + (index % 250)}:${port}`;

/** SyncStateRequest {member_id, timestamp, nodes[], known_peers[]} in its own encoding. */
export function snapshotBytes(coordinators: number, nodesEach: number): number {
  const writer = new BinaryWriter();
  writer.uint32(10).string(memberName(0));
  writer.uint32(16).int64(1_900_000_000);
  for (let member = 0; member < coordinators; member += 1) {
    for (let node = 0; node < nodesEach; node += 1) {
      const info = new BinaryWriter();
      info.uint32(10).string(`${memberName(member)}-node-${node + 1}`);
      info.uint32(18).string(memberName(member));
      info.uint32(26).string(addressOf(member, 7001 + node));
      info.uint32(32).int64(4_000_000_000_000);
      info.uint32(40).int64(1_234_567_890_123);
      info.uint32(48).bool(true);
      writer.uint32(26).bytes(info.finish());
    }
  }
  for (let member = 1; member < coordinators; member += 1) {
    const info = new BinaryWriter();
    info.uint32(10).string(memberName(member));
    info.uint32(18).string(addressOf(member, 8001));
    info.uint32(24).bool(true);
    info.uint32(32).int64(1_900_000_000);
    writer.uint32(34).bytes(info.finish());
  }
  return writer.finish().length;
}
