import { CollectiveError } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';
import { formatTable } from '../../format/table.js';

export default class AuditReplay extends ClientCommand {
  static override summary = 'Rebuild every view from the log and compare it with the live one, row by row.';
  static override description = 'Exit code 8 when any differs; the rows that do are named.';

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AuditReplay);
    const { client } = await this.client(flags.context);
    for await (const report of client.admin.replayLog(this.interrupted)) {
      if (!report.done) {
        if (this.interactive) process.stderr.write(`\r${report.events} events `);
        continue;
      }
      if (this.interactive) process.stderr.write('\r');
      const { events, headSequence, views } = report;
      this.log(
        formatTable(
          [{ title: 'VIEW' }, { title: 'ROWS', align: 'right' }, { title: 'LIVE' }, { title: 'REPLAYED' }, { title: '' }],
          views.map(({ name, rows, liveHash, replayedHash, equal }) => [
            name,
            String(rows),
            liveHash.slice(0, 16),
            replayedHash.slice(0, 16),
            equal ? 'equal' : 'DIFFERENT',
          ]),
        ),
      );
      const different = views.filter(({ equal }) => !equal);
      if (different.length === 0)
        this.log(`Replayed ${events} events, up to event ${headSequence}: every view is what the log says.`);
      const lines = different
        .flatMap(({ name, differingRows }) => differingRows.map((row) => `- view ${name}, row ${row}\n`))
        .join('');
      return this.finish({ ok: different.length === 0, events, head: headSequence, views }, { error: damaged(different), lines });
    }
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator ended the replay without a result.');
  }
}

function damaged(different: readonly { readonly name: string }[]): CollectiveError | undefined {
  if (different.length === 0) return undefined;
  const names = different.map(({ name }) => name);
  return new CollectiveError('VIEW_DAMAGED', `The live state differs from the log in: ${names.join(', ')}.`, {
    next: 'Restart the coordinator: it rebuilds a damaged view from the log.',
    details: { views: names },
  });
}
