import { formatDuration, formatSize } from '../../base/index.js';
import type { NodeJson } from './status.js';
import { formatTable } from './table.js';

export function nodesTable(nodes: readonly NodeJson[], nowMs: number): string {
  return formatTable(
    [
      { title: 'NODE' },
      { title: 'STATE' },
      { title: 'STORE' },
      { title: 'USED', align: 'right' },
      { title: 'CAPACITY', align: 'right' },
      { title: 'FREE', align: 'right' },
      { title: 'CHUNKS', align: 'right' },
      { title: 'SEEN' },
      { title: 'ADDRESS' },
    ],
    nodes.map((node) => [
      node.name,
      node.state,
      node.store.state === '' ? '-' : node.store.state,
      formatSize(node.used),
      formatSize(node.capacity),
      formatSize(node.free),
      String(node.chunks),
      node.lastSeen === undefined ? 'never' : `${formatDuration(Math.max(0, nowMs - Date.parse(node.lastSeen)))} ago`,
      node.endpoints[0] ?? '-',
    ]),
  );
}
