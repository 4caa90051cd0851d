import { counted, formatDuration, formatSize } from '../../base/index.js';
import { paint, type Colour } from './colour.js';
import { nodesTable } from './nodes.js';
import { sharedLines } from './shared.js';
import { printable } from './printable.js';
import type { StatusJson } from './status.js';

const HEADLINES: ReadonlyMap<string, { readonly word: string; readonly colour: Colour }> = new Map([
  ['healthy', { word: 'Healthy', colour: 'green' }],
  ['degraded', { word: 'Degraded', colour: 'yellow' }],
  ['failed', { word: 'Failed', colour: 'red' }],
]);

/** The status for people: health and its cause, the next command, other findings, nodes, use and log. */
export function statusText(
  { health, findings, nodes, usage, log, audit, member, coordinator }: StatusJson,
  shown: { readonly nowMs: number; readonly programVersion: string; readonly contextName: string },
): string {
  const [worst, ...others] = findings;
  const { word, colour } = HEADLINES.get(health) ?? { word: health, colour: 'yellow' };
  const headline = `${paint(word, colour)}${worst?.severity === 'notice' ? ', with a notice' : ''}`;
  return [
    worst === undefined ? `${headline}.` : `${headline}: ${printable(worst.message)}`,
    ...(worst === undefined || worst.next === '' ? [] : [`Next: ${worst.next}`]),
    ...others.map(({ severity, message, next }) => `- ${severity}: ${printable(message)}${next === '' ? '' : ` Next: ${next}`}`),
    '',
    nodes.length === 0 ? 'There is no node. Next: collective node invite' : nodesTable(nodes, shown.nowMs),
    '',
    `Files    ${usage.files} in ${counted(usage.directories, 'folder')}, ${formatSize(usage.fileBytes)}; ` +
      `${counted(usage.copies, 'copy', 'copies')} of ${counted(usage.chunks, 'chunk')}, ${formatSize(usage.onNodes.size + usage.forMembers.size)} of ${formatSize(usage.capacity)} used`,
    ...sharedLines(usage, { others: 'Others   ', kept: 'Kept     ' }),
    `Log      ${member.name} at ${log.epoch}-${log.head}, ${formatSize(log.bytes)}, ${placesText(log)}`,
    `Audit    ${auditText(audit, log.head, shown.nowMs)}`,
    `Version  ${coordinator.version} (coordinator), ${shown.programVersion} (this command); context ${shown.contextName}`,
  ].join('\n');
}

/** How far log and views are verified, beside the service. */
function auditText({ phase, events, rows, last }: StatusJson['audit'], head: number, nowMs: number): string {
  const before =
    last === undefined
      ? 'not yet since the start'
      : `${counted(last.events, 'event')} and ${counted(last.rows, 'row')} read, up to event ${last.head}, ${formatDuration(nowMs - Date.parse(last.finished))} ago`;
  if (phase === 'log') return `${before}; reading the log: ${events} of ${head} events`;
  if (phase === 'views') return `${before}; reading the views: ${rows} rows`;
  return phase === 'rebuilding' ? `${before}; rebuilding the views` : before;
}

/** Where the log is. */
function placesText({ disks, witnesses }: StatusJson['log']): string {
  const places = `on ${counted(disks, 'disk')}`;
  return witnesses === 0 ? places : `${places}, with ${counted(witnesses, 'witness', 'witnesses')}`;
}
