import { formatSize } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';
import { nodesTable } from '../format/nodes.js';
import { statusJson, type StatusJson } from '../format/status.js';

const HEADLINES: ReadonlyMap<string, string> = new Map([
  ['healthy', 'Healthy'],
  ['degraded', 'Degraded'],
  ['failed', 'Failed'],
]);

export default class Status extends ClientCommand {
  static override summary = 'Show whether all is well, and if not, why and what to do.';
  static override description =
    'The first line is the health and its cause. The exit code is 0 whenever the coordinator answers: scripts read `health` and ' +
    '`findings` from --json.';

  async run(): Promise<StatusJson> {
    const { flags } = await this.parse(Status);
    const { client, context } = await this.client(flags.context);
    const json = statusJson(await client.admin.status(this.interrupted));
    const { health, findings, nodes, usage, log, member, coordinator } = json;
    const [worst, ...others] = findings;
    const notice = worst?.severity === 'notice' ? ', with a notice' : '';
    const headline = `${HEADLINES.get(health) ?? health}${notice}`;
    this.log(worst === undefined ? `${headline}.` : `${headline}: ${worst.message}`);
    if (worst !== undefined && worst.next !== '') this.log(`Next: ${worst.next}`);
    for (const { severity, message, next } of others) this.log(`- ${severity}: ${message}${next === '' ? '' : ` Next: ${next}`}`);
    this.log('');
    this.log(nodes.length === 0 ? 'No node has joined yet. Next: collective node invite' : nodesTable(nodes, Date.now()));
    this.log('');
    this.log(
      `Files    ${usage.files} in ${usage.directories} folders, ${formatSize(usage.fileBytes)}; ` +
        `${usage.copies} copies of ${usage.chunks} chunks, ${formatSize(usage.storedBytes)} of ${formatSize(usage.capacity)} used`,
    );
    this.log(`Log      ${member.name} at ${log.epoch}-${log.head}, ${formatSize(log.bytes)}`);
    this.log(`Version  ${coordinator.version} (coordinator), ${this.config.version} (this command); context ${context.name}`);
    return json;
  }
}
