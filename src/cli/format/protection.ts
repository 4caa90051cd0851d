import { formatSize } from '../../base/index.js';
import type { FileProtection, HolderInfo, LocatedChunk } from '../../client/index.js';
import { printable } from './entries.js';

/**
 * lost: some chunk has no copy on record; unreachable: some chunk has none on a node that is here; under-protected: some chunk
 * has fewer than wanted; partly-unreachable: some chunk has fewer than wanted on nodes that are here.
 */
export type ProtectionState = 'ok' | 'partly-unreachable' | 'under-protected' | 'unreachable' | 'lost';

/** What scripts get to see of how a file is kept. */
export const fileProtectionJson = (file: FileProtection, nodes: readonly HolderInfo[]) => ({
  path: file.entry.path,
  id: file.entry.fileId,
  version: file.entry.version,
  size: file.entry.bytes,
  state: stateOf(file),
  chunks: file.chunks,
  copies: { wanted: file.copiesWanted, present: file.copiesPresent, reachable: file.copiesReachable },
  underProtectedChunks: file.underProtectedChunks,
  unreachableChunks: file.unreachableChunks,
  lostChunks: file.lostChunks,
  nodes: file.holders.map(({ node, chunks, lost }) => ({ ...holderJson(nodes[node]), chunks, damaged: lost })),
});

export type FileProtectionJson = ReturnType<typeof fileProtectionJson>;

export const chunkJson = (chunk: LocatedChunk, nodes: readonly HolderInfo[]) => ({
  id: chunk.chunkId,
  offset: chunk.offsetBytes,
  size: chunk.lengthBytes,
  wanted: chunk.copiesWanted,
  nodes: chunk.nodes.map((index) => holderJson(nodes[index])),
  damagedAt: chunk.lost.map((index) => holderJson(nodes[index])),
});

export type ChunkJson = ReturnType<typeof chunkJson>;

const holderJson = (holder: HolderInfo | undefined) => ({
  id: holder?.memberId ?? holder?.nodeId ?? '',
  kind: (holder?.memberId ?? '') === '' ? ('node' as const) : ('member' as const),
  name: holder?.name ?? '?',
  state: holder?.state ?? 'removed',
});

function stateOf(file: FileProtection): ProtectionState {
  if (file.lostChunks > 0) return 'lost';
  if (file.unreachableChunks > 0) return 'unreachable';
  if (file.underProtectedChunks > 0) return 'under-protected';
  return file.copiesReachable < file.copiesWanted ? 'partly-unreachable' : 'ok';
}

/** In a few words: what is wrong with how a file is kept, if anything. */
export function protectionWord({ state, copies, lostChunks, chunks }: FileProtectionJson): string {
  if (state === 'lost') return `${lostChunks} of ${chunks} chunks lost`;
  if (state === 'unreachable') return 'no copy reachable';
  if (state === 'partly-unreachable') return `${copies.reachable} of ${copies.wanted} reachable`;
  return chunks === 0 ? 'nothing to keep' : `${copies.present} of ${copies.wanted} copies`;
}

/** In whose tree a file is; undefined: the own one. */
export type TreeOwner = string | undefined;

/** `attic`, `member bob`; in the tree of bob `attic of bob`, as holders there are his, and called what he calls them. */
const holderText = ({ kind, name }: Pick<ReturnType<typeof holderJson>, 'kind' | 'name'>, owner: TreeOwner): string => {
  const who = kind === 'member' ? `member ${name}` : name;
  return printable(owner === undefined ? who : kind === 'member' ? `${who} (as ${owner} calls it)` : `${who} of ${owner}`);
};

/** `0102ab…  offset  size  2 of 2  attic, cellar (unreachable)`. */
export function chunkLine(chunk: LocatedChunk, nodes: readonly HolderInfo[], owner: TreeOwner): string {
  const named = (index: number, word = ''): string => {
    const holder = holderJson(nodes[index]);
    const { state } = holder;
    const why = word !== '' ? word : state === 'online' ? '' : state;
    const name = holderText(holder, owner);
    return why === '' ? name : `${name} (${why})`;
  };
  const held = chunk.nodes.map((index) => named(index));
  const lost = chunk.lost.map((index) => named(index, 'damaged or missing'));
  const copies = `${chunk.nodes.length} of ${chunk.copiesWanted}`;
  const at = `${String(chunk.offsetBytes).padStart(13)}  ${formatSize(chunk.lengthBytes).padStart(7)}`;
  return `${chunk.chunkId.slice(0, 18)}  ${at}  ${copies}  ${[...held, ...lost].join(', ')}`;
}

/** The sums of one file, and what to do where something is wrong. */
export function protectionLines(file: FileProtectionJson, owner: TreeOwner): readonly string[] {
  const { copies, chunks, state, nodes } = file;
  const lines = [
    `${printable(file.path)}: version ${file.version}, ${formatSize(file.size)}, ${chunks} ${chunks === 1 ? 'chunk' : 'chunks'}`,
    chunks === 0
      ? 'It has no chunks: it is empty, or all zeros.'
      : `Every chunk has at least ${ofWanted(copies)}, ${copies.reachable} of them reachable.`,
    ...nodes.map(
      (node) =>
        `  ${holderText(node, owner)} (${node.state}): ${node.chunks} of ${chunks} chunks${node.damaged > 0 ? `, ${node.damaged} damaged or missing` : ''}`,
    ),
  ];
  if (state === 'ok') return lines;
  return [...lines, owner === undefined ? `Next: ${nextOf(file)}` : nextAt(owner)];
}

const ofWanted = ({ present, wanted }: FileProtectionJson['copies']): string =>
  present > wanted ? `${present} copies, ${wanted} wanted` : `${present} of ${wanted} copies`;

/** What is to be done about holders of another member's files is for its people. */
const nextAt = (owner: string): string =>
  `Next: talk with the people of ${printable(owner)}, who see more of it with the same command; whether ${printable(owner)} is here: collective peer list`;

function nextOf({ state, nodes }: FileProtectionJson): string {
  const away = nodes.filter((each) => each.state !== 'online');
  const ways = [
    ...(away.some(({ kind }) => kind === 'node') ? ['bring back the nodes that hold it (collective node list)'] : []),
    ...(away.some((each) => each.kind === 'member' && each.state === 'away')
      ? ['wait for the members that do (collective peer list)']
      : []),
    ...(away.some((each) => each.state === 'suspended')
      ? ['reinstate the members that you suspended (collective member reinstate)']
      : []),
    ...(away.some((each) => each.state === 'not-admitted')
      ? ['talk with the members that do not let you in (collective peer list)']
      : []),
  ];
  switch (state) {
    case 'lost':
      return 'put the file again from another place, or restore another version: collective versions PATH';
    case 'under-protected':
      return 'put the file again to make the missing copies; who could take them, and cannot now, is told by: collective status';
    case 'unreachable':
      return ways.join(', or ') || 'see who keeps it: collective status';
    default:
      return [...ways, 'put the file again to have its copies elsewhere'].join(', or ');
  }
}
