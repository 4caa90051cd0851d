import { BaseCommand } from '../../base/base-command.js';
import { formatTable } from '../../format/table.js';

export default class ContextList extends BaseCommand {
  static override summary = 'List the memberships of this machine.';
  static override aliases = ['context:ls'];

  async run(): Promise<unknown> {
    await this.parse(ContextList);
    const { openContexts } = await import('../../compose/contexts.js');
    const store = openContexts(this.config.configDir);
    const contexts = await store.list();
    const current = await store.currentName();
    if (contexts.length === 0) this.say('There is none yet. Next: collective init --name NAME, or collective login INVITE');
    else {
      this.log(
        formatTable(
          [{ title: '' }, { title: 'CONTEXT' }, { title: 'MEMBER' }, { title: 'MEMBER ID' }, { title: 'COORDINATOR' }],
          contexts.map((each) => [
            each.name === current ? '*' : '',
            each.name,
            each.memberName,
            each.memberId.slice(0, 12),
            each.endpoints[0] ?? '',
          ]),
        ),
      );
    }
    return {
      current: current ?? null,
      contexts: contexts.map(({ name, memberId, memberName, clientId, endpoints }) => ({
        name,
        memberId,
        memberName,
        clientId,
        endpoints,
      })),
    };
  }
}
