import { CollectiveError, formatSize } from '../../../base/index.js';
import { ClientCommand } from '../../base/client-command.js';

export default class AuditVerify extends ClientCommand {
  static override summary = 'Re-read the whole log: its chain of hashes, its signatures, its checksums.';
  static override description = 'Exit code 8 when anything is wrong.';

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AuditVerify);
    const { client } = await this.client(flags.context);
    const findings = [];
    for await (const report of client.admin.verifyLog(this.interrupted)) {
      findings.push(...report.findings);
      if (!report.done) {
        if (this.interactive) process.stderr.write(`\r${report.events} events `);
        continue;
      }
      if (this.interactive) process.stderr.write('\r');
      const { events, blocks, bytes, headSequence } = report;
      const read = `${events} events in ${blocks} blocks, ${formatSize(bytes)}, up to event ${headSequence}`;
      if (findings.length === 0) this.log(`The log is whole: ${read}; every hash, signature and checksum is right.`);
      else this.log(`The log is not whole: ${read}.`);
      const result = { ok: findings.length === 0, events, blocks, bytes, head: headSequence, findings };
      const lines = findings.map(({ message }) => `- ${message}\n`).join('');
      const [first] = findings;
      const error = first === undefined ? undefined : new CollectiveError('LOG_DAMAGED', first.message, { next: first.next });
      return this.finish(result, { error, lines });
    }
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator ended the verification without a result.');
  }
}
