import { formatDuration, formatSize } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { statusJson } from '../../format/status.js';

export default class CoordinatorStatus extends ClientCommand {
  static override summary = 'Show how the coordinator itself is: process, memory, log, views.';

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CoordinatorStatus);
    const { client } = await this.client(flags.context);
    const status = await client.admin.status(this.interrupted);
    const json = statusJson(status);
    const { coordinator, log } = json;
    const uptime = formatDuration(Date.now() - Date.parse(coordinator.started));
    this.log(`Coordinator of ${json.member.name}, version ${coordinator.version}, pid ${coordinator.pid}, up ${uptime}`);
    this.log(
      `Memory ${formatSize(coordinator.residentBytes)}, of it view cache ${formatSize(coordinator.viewCacheBytes)} of ${formatSize(coordinator.viewCacheLimitBytes)}; ` +
        `CPU ${(coordinator.cpuUserMs / 1000).toFixed(1)} s user, ${(coordinator.cpuSystemMs / 1000).toFixed(1)} s system`,
    );
    this.log(`Log at ${log.epoch}-${log.head}, ${formatSize(log.bytes)}`);
    for (const view of log.views)
      this.log(
        `  view ${view.name} v${view.projectionVersion}: ${view.rows} ${view.rows === 1 ? 'row' : 'rows'}, state ${view.stateHash.slice(0, 16)}`,
      );
    return { member: json.member, coordinator, log };
  }
}
