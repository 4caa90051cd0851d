import { Flags } from '@oclif/core';
import { BaseCommand } from '../base/base-command.js';
import { INTRODUCTIONS, lifetimeFlag } from '../base/flags.js';

export default class Init extends BaseCommand {
  static override summary = 'Found a member: your identity, your certificate authority, your log.';
  static override description =
    'Makes the folder of a coordinator with all keys, and a first client of it for you on this machine. The identity key is ' +
    'encrypted with a passphrase: keep both, they are who you are.';
  static override flags = {
    name: Flags.string({ required: true, description: 'Your name: lower-case letters, digits and dashes.', helpValue: 'NAME' }),
    'passphrase-file': Flags.string({
      description: 'A file whose first line is the passphrase; - for standard input. Else you are asked.',
      helpValue: 'FILE',
    }),
    directory: Flags.string({
      env: 'COLLECTIVE_DIRECTORY',
      description: "The coordinator's folder, new or empty.",
      helpValue: 'DIR',
    }),
    'home-listen': Flags.string({
      default: '0.0.0.0:7420',
      description: 'Where clients and nodes connect.',
      helpValue: 'HOST:PORT',
    }),
    'enrolment-listen': Flags.string({
      default: '0.0.0.0:7421',
      description: 'Where invites are redeemed.',
      helpValue: 'HOST:PORT',
    }),
    'peer-listen': Flags.string({
      description: 'Where coordinators of other members connect. Default: 7422, or two above the port of --home-listen.',
      helpValue: 'HOST:PORT',
    }),
    introductions: Flags.option({ options: ['admit', 'ask'] as const, description: INTRODUCTIONS })(),
    advertise: Flags.string({
      multiple: true,
      description: "Host name or address at which others reach this machine. Default: this machine's addresses.",
      helpValue: 'HOST',
    }),
    'certificate-lifetime': lifetimeFlag({
      description: 'For how long certificates are good; they renew themselves. Default: 30d.',
    }),
    'context-name': Flags.string({ description: 'Name of the context on this machine. Default: the name.', helpValue: 'NAME' }),
  };
  static override examples = [
    '<%= config.bin %> init --name alice',
    '<%= config.bin %> init --name alice --advertise storage.example.org',
  ];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Init);
    const { name } = flags;
    const { checkMemberName, defaultClientName } = await import('../base/default-name.js');
    checkMemberName(name);
    const { createWorld } = await import('../compose/world.js');
    const { absolute, advertisedHosts, endpointsForOthers, formatAddress, parseAddress } = await import(
      '../compose/data-folders.js'
    );
    const { defaultCoordinatorDirectory, peerListenBeside } = await import('../compose/coordinator-folder.js');
    const { foundMember } = await import('../compose/found.js');
    const { ContextStore } = await import('../contexts/context-store.js');
    const { askPassphrase } = await import('../base/passphrase.js');
    const homeListen = parseAddress(flags['home-listen']);
    const enrolmentListen = parseAddress(flags['enrolment-listen']);
    const asked = flags['peer-listen'];
    const peerListen = asked === undefined ? peerListenBeside(homeListen) : parseAddress(asked);
    const endpoints = (listen: typeof homeListen): string[] =>
      advertisedHosts(listen, flags.advertise ?? []).map((host) => formatAddress({ host, port: listen.port }));
    const world = createWorld(await this.logger());
    const directory =
      flags.directory === undefined ? defaultCoordinatorDirectory(this.config.dataDir, name) : absolute(flags.directory);
    const founded = await foundMember(
      {
        directory,
        name,
        clientName: defaultClientName(),
        contextName: flags['context-name'] ?? name,
        certificateLifeMs: flags['certificate-lifetime'],
        introductions: flags.introductions,
        passphrase: await askPassphrase(flags['passphrase-file']),
        addresses: {
          homeListen,
          enrolmentListen,
          peerListen,
          homeEndpoints: endpoints(homeListen),
          enrolmentEndpoints: endpoints(enrolmentListen),
          peerEndpoints: endpointsForOthers(endpoints(peerListen)),
        },
      },
      world,
      new ContextStore(this.config.configDir, world),
    );
    const { memberId, context } = founded;
    this.say(`${name} is founded. Member id: ${memberId}`);
    this.say(`Keys, log and views: ${directory}`);
    this.say(`Context of this machine: ${context.name}`);
    this.say('');
    this.say('Next: collective coordinator start   (it stays in the foreground; use a second terminal from here)');
    this.say('      collective node invite         (once for every disk; two copies need two nodes)');
    return {
      memberId,
      name,
      directory,
      context: context.name,
      clientId: context.clientId,
      homeEndpoints: context.endpoints,
      enrolmentEndpoints: endpoints(enrolmentListen),
      peerEndpoints: endpointsForOthers(endpoints(peerListen)),
    };
  }
}
