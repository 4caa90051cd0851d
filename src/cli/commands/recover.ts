import { Flags } from '@oclif/core';
import { isMemberId } from '../../base/index.js';
import { BaseCommand } from '../base/base-command.js';

const SAY_WAITING_MS = 4000;

export default class Recover extends BaseCommand {
  static override summary =
    'Make a lost coordinator anew, from its exported identity and the copies of its log at nodes and other members.';
  static override description =
    'Listens where the coordinator listened; its nodes find it there, and give back the log. Other members are asked for it too. ' +
    'Nothing is joined again: nodes, clients, members and files are as before. Ends without a trace when too few answer. Never while the old coordinator still runs somewhere.';
  static override flags = {
    identity: Flags.string({ required: true, description: 'The file that collective identity export wrote.', helpValue: 'FILE' }),
    'passphrase-file': Flags.string({
      description: 'A file whose first line is the passphrase; - for standard input. Else you are asked.',
      helpValue: 'FILE',
    }),
    directory: Flags.string({
      env: 'COLLECTIVE_DIRECTORY',
      description: "The coordinator's folder, new or empty. Default: as collective init would choose.",
      helpValue: 'DIR',
    }),
    'from-witness': Flags.string({
      multiple: true,
      description:
        'Take the log from this folder of a node (or the copy itself) instead of waiting for nodes. The nodes may be stopped.',
      helpValue: 'DIR',
    }),
    peer: Flags.string({
      multiple: true,
      description: 'Ask the coordinator of another member there too. Default: those that the exported identity names.',
      helpValue: 'HOST:PORT',
    }),
    wait: Flags.integer({
      min: 1,
      max: 86_400,
      description:
        'Seconds to wait for nodes and members. Default: 60; 20 with --accept-fewer, as whoever lives calls every second.',
      helpValue: 'SECONDS',
    }),
    'accept-fewer': Flags.boolean({
      description: 'Go on with those who came, although changes that only others hold may be missing: they are lost for good.',
    }),
    'home-listen': Flags.string({ description: 'Where it listens from now on. Default: as before.', helpValue: 'HOST:PORT' }),
    'enrolment-listen': Flags.string({ description: 'Where invites are redeemed. Default: as before.', helpValue: 'HOST:PORT' }),
    'peer-listen': Flags.string({ description: 'Where other members connect. Default: as before.', helpValue: 'HOST:PORT' }),
    advertise: Flags.string({
      multiple: true,
      description: 'Host at which others reach this machine. Default: as before.',
      helpValue: 'HOST',
    }),
  };
  static override examples = [
    '<%= config.bin %> recover --identity /media/stick/alice.recovery',
    '<%= config.bin %> recover --identity alice.recovery --from-witness /mnt/disk1/collective',
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Recover);
    const { createWorld } = await import('../compose/world.js');
    const { absolute, advertisedHosts, formatAddress, parseAddress } = await import('../compose/data-folders.js');
    const { defaultCoordinatorDirectory } = await import('../compose/coordinator-folder.js');
    const { readKit } = await import('../compose/recovery-kit.js');
    const { recoverInFolder } = await import('../compose/recover.js');
    const { askKnownPassphrase } = await import('../base/passphrase.js');
    const world = createWorld(await this.logger());
    const passphrase = await askKnownPassphrase(flags['passphrase-file']);
    const kit = await readKit(world, absolute(flags.identity), passphrase);
    const homeListen = flags['home-listen'] === undefined ? kit.homeListen : parseAddress(flags['home-listen']);
    const enrolmentListen =
      flags['enrolment-listen'] === undefined ? kit.enrolmentListen : parseAddress(flags['enrolment-listen']);
    const peerListen = flags['peer-listen'] === undefined ? kit.peerListen : parseAddress(flags['peer-listen']);
    const moved = [flags['home-listen'], flags['enrolment-listen'], flags['peer-listen'], flags.advertise].some(
      (flag) => flag !== undefined,
    );
    const endpoints = (listen: typeof homeListen): string[] =>
      advertisedHosts(listen, flags.advertise ?? []).map((host) => formatAddress({ host, port: listen.port }));
    const directory =
      flags.directory === undefined ? defaultCoordinatorDirectory(this.config.dataDir, kit.name) : absolute(flags.directory);
    const names = new Map<string, string>([...kit.nodes, ...kit.peers].map(({ id, name }) => [id, name]));
    const waitSeconds = flags.wait ?? (flags['accept-fewer'] ? 20 : 60);
    // Said only to who has to wait: as a rule the answers are there at once.
    const waiting = setTimeout(() => {
      const nodes = kit.nodes.filter(({ witness }) => witness).map(({ name }) => `node ${name}`);
      const keepers = [...nodes, ...kit.peers.map(({ name }) => `member ${name}`)].join(', ') || 'nodes and members';
      this.progress(`Waiting up to ${waitSeconds} s for those that keep the log: ${keepers}.`);
    }, SAY_WAITING_MS);
    const recovered = await recoverInFolder(
      {
        kit,
        passphrase,
        directory,
        addresses: {
          homeListen,
          enrolmentListen,
          ...(peerListen === undefined ? {} : { peerListen }),
          ...(moved ? { homeEndpoints: endpoints(homeListen), enrolmentEndpoints: endpoints(enrolmentListen) } : {}),
          ...(moved && peerListen !== undefined ? { peerEndpoints: endpoints(peerListen) } : {}),
        },
        copyFolders: (flags['from-witness'] ?? []).map(absolute),
        peerAddresses: flags.peer ?? [],
        onPeer: (address, memberId) => this.progress(`At ${address} is member ${names.get(memberId) ?? memberId}.`),
        waitMs: waitSeconds * 1000,
        acceptFewer: flags['accept-fewer'],
        onAnswers: (answers) => {
          for (const { id, sequence } of answers) {
            const who = isMemberId(id) ? 'Member' : 'Node';
            this.progress(`${who} ${names.get(id) ?? id} keeps the log up to event ${sequence}.`);
          }
        },
        signal: this.interrupted,
      },
      world,
    ).finally(() => clearTimeout(waiting));
    this.say(`The log of ${kit.name} is back, up to event ${recovered.headSequence}, in ${directory}.`);
    if (recovered.epoch !== undefined) {
      this.say(`It goes on in epoch ${recovered.epoch.epoch}: what others may hold past that is put aside.`);
    }
    if (!recovered.certain) this.say('Not all who kept it were asked: what only they hold is not in it.');
    this.say('Next: collective coordinator start');
    return {
      memberId: kit.memberId,
      name: kit.name,
      directory,
      head: recovered.headSequence,
      certain: recovered.certain,
      ...(recovered.epoch === undefined ? {} : { newEpoch: recovered.epoch.epoch }),
      answers: recovered.answers.map(({ id, epoch, sequence }) => ({
        id,
        name: names.get(id) ?? '',
        epoch,
        upTo: sequence,
      })),
    };
  }

  /** Once each; for people only. */
  private progress(line: string): void {
    if (this.#said.has(line) || this.jsonEnabled() || this.argv.includes('--quiet')) return;
    this.#said.add(line);
    process.stderr.write(`${line}\n`);
  }

  readonly #said = new Set<string>();
}
