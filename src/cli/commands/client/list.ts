import { ClientCommand } from '../../base/client-command.js';
import { shortTime } from '../../format/entries.js';
import { formatTable } from '../../format/table.js';

interface ClientJson {
  readonly id: string;
  readonly name: string;
  readonly certificateIssued: string;
  readonly certificateExpires: string;
  readonly revoked?: string;
  readonly note?: string;
  /** Whether it is this machine's. */
  readonly self: boolean;
}

export default class ClientList extends ClientCommand {
  static override summary = 'List the clients of the member, and until when their certificates are good.';
  static override aliases = ['client:ls'];

  async run(): Promise<{ readonly clients: readonly ClientJson[] }> {
    const { flags } = await this.parse(ClientList);
    const { client } = await this.client(flags.context);
    const found = await client.admin.clients(this.interrupted);
    const clients = found.map(
      ({ clientId, name, issuedMs, expiresMs, revokedMs, note, self }): ClientJson => ({
        id: clientId,
        name,
        certificateIssued: instant(issuedMs),
        certificateExpires: instant(expiresMs),
        ...(revokedMs === 0 ? {} : { revoked: instant(revokedMs) }),
        ...(note === '' ? {} : { note }),
        self,
      }),
    );
    if (flags.quiet) for (const { id } of clients) this.log(id);
    else {
      const rows = clients.map((each) => [
        each.self ? `${each.name} *` : each.name,
        each.id,
        each.revoked === undefined
          ? `until ${shortTime(Date.parse(each.certificateExpires))}`
          : `revoked ${shortTime(Date.parse(each.revoked))}`,
        each.note ?? '-',
      ]);
      this.log(
        formatTable(
          ['CLIENT', 'ID', 'CERTIFICATE', 'NOTE'].map((title) => ({ title })),
          rows,
        ),
      );
    }
    return { clients };
  }
}

const instant = (timeMs: number): string => new Date(timeMs).toISOString();
