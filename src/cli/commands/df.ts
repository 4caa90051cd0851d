import { formatDuration, formatSize } from '../../base/index.js';
import { ClientCommand } from '../base/client-command.js';
import { printable } from '../format/entries.js';
import { sharedLines } from '../format/shared.js';
import { storageJson, type StorageJson } from '../format/storage.js';
import { formatTable } from '../format/table.js';

export default class DiskFree extends ClientCommand {
  static override summary = 'Show how much room there is: each node, and all together.';
  static override description =
    'What a put may use is less than what is free where copies are to be on different nodes. What is purged is still on the ' +
    'nodes: its bytes are freed once chunks are collected, which this version does not do yet.';

  async run(): Promise<StorageJson> {
    const { flags } = await this.parse(DiskFree);
    const { client } = await this.client(flags.context);
    const storage = storageJson(await client.admin.status(this.interrupted));
    this.log(table(storage));
    for (const line of lines(storage)) this.log(line);
    return storage;
  }
}

function table({ nodes, total }: StorageJson): string {
  const percent = (used: number, capacity: number): string => (capacity === 0 ? '-' : `${Math.round((100 * used) / capacity)} %`);
  return formatTable(
    [
      { title: 'NODE' },
      { title: 'STATE' },
      { title: 'CAPACITY', align: 'right' },
      { title: 'USED', align: 'right' },
      { title: 'FREE', align: 'right' },
      { title: 'USE', align: 'right' },
    ],
    [
      ...nodes.map(({ name, state, store, capacity, used, free }) => [
        printable(name),
        store === '' || store === 'ready' ? state : `${state}, ${store}`,
        formatSize(capacity),
        formatSize(used),
        formatSize(free),
        percent(used, capacity),
      ]),
      [
        'all',
        '',
        formatSize(total.capacity),
        formatSize(total.used),
        formatSize(total.free),
        percent(total.used, total.capacity),
      ],
    ],
  );
}

function lines(storage: StorageJson): readonly string[] {
  const { room, live, kept, deleted, purged, unique, log, retentionMs } = storage;
  const sizes = (part: { readonly size: number; readonly stored: number }): string =>
    `${formatSize(part.size)}, with all copies ${formatSize(part.stored)}`;
  const copies = room.copies === 1 ? '1 copy' : `${room.copies} copies`;
  return [
    '',
    `Room:      ${formatSize(room.size)} can be put now, in ${copies}`,
    `Live:      ${sizes(live)}`,
    `Kept:      ${sizes(kept)} (older versions, for ${formatDuration(retentionMs)})`,
    `Deleted:   ${sizes(deleted)} (restorable for ${formatDuration(retentionMs)})`,
    `Purged:    ${sizes(purged)} (gone for good; what nothing else shares is not freed yet)`,
    `Chunks:    ${formatSize(unique.size)}, with all copies ${formatSize(unique.stored)}; what files share is here once`,
    ...sharedLines(storage, { others: 'Others:    ', kept: 'For them:  ' }),
    `Log:       ${formatSize(log)} on the coordinator's disk`,
  ];
}
