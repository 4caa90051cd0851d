import { Flags } from '@oclif/core';
import { formatSize } from '../../base/index.js';
import type { World } from '../compose/world.js';
import { DaemonCommand } from '../base/daemon-command.js';
import { sizeFlag } from '../base/flags.js';

/** Of the two copies that are wanted: a member that begins with one disk can begin. */
const ENOUGH_FOR_NOW = 1;

export default class Up extends DaemonCommand {
  static override summary = 'Run a coordinator and a node of this machine in one process: the smallest set-up.';
  static override description =
    'The first time it founds the member and makes the node; then it starts both. It stays in the foreground until Ctrl-C: use a ' +
    'second terminal for all else. Files are wanted in two copies, and one is enough for now: what has only one is shown as ' +
    'under-protected in collective status until a second node, best on another machine, has joined. Prints what to do next when it ' +
    'is ready, with --json one object {"ready": true, "pid", ...}. Ports can be chosen when the member is founded.';
  static override flags = {
    directory: Flags.string({ description: 'The folder of both, new or empty. Default: one of your own.', helpValue: 'DIR' }),
    name: Flags.string({ description: 'Your name, for a new member. Default: that of your user account.', helpValue: 'NAME' }),
    'passphrase-file': Flags.string({
      description: 'For a new member: a file whose first line is the passphrase; - for standard input. Else you are asked.',
      helpValue: 'FILE',
    }),
    capacity: sizeFlag({ description: 'For a new node: how much it may hold. Default: most of what is free.' }),
    'home-listen': Flags.string({ description: 'For a new member. Default: 0.0.0.0:7420.', helpValue: 'HOST:PORT' }),
    'enrolment-listen': Flags.string({ description: 'For a new member. Default: 0.0.0.0:7421.', helpValue: 'HOST:PORT' }),
    'peer-listen': Flags.string({
      description: 'For a new member. Default: 0.0.0.0:7422, or two above the port of --home-listen.',
      helpValue: 'HOST:PORT',
    }),
    'node-listen': Flags.string({ description: 'For a new node. Default: 0.0.0.0:7430.', helpValue: 'HOST:PORT' }),
    advertise: Flags.string({
      multiple: true,
      description: "For what is new: host at which others reach this machine. Default: this machine's addresses.",
      helpValue: 'HOST',
    }),
  };
  static override examples = [
    '<%= config.bin %> up',
    { description: 'On another disk', command: '<%= config.bin %> up --directory /mnt/disk1/collective --name alice' },
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Up);
    const { createWorld } = await import('../compose/world.js');
    const { absolute, parseAddress } = await import('../compose/data-folders.js');
    const { Household, householdFolders } = await import('../compose/household.js');
    const { defaultMemberName, defaultNodeName } = await import('../base/default-name.js');
    const logger = await this.daemonLogger(flags['log-level'] ?? 'warn', { role: 'household' });
    const world = createWorld(logger);
    const { dataDir, configDir } = this.config;
    const memberName = flags.name ?? defaultMemberName();
    const asked = { directory: flags.directory === undefined ? undefined : absolute(flags.directory), name: flags.name };
    const folders = await householdFolders(dataDir, asked, memberName);
    if (!folders.founded) await this.#found(folders.coordinator, memberName, world, flags);
    const household = await Household.open(
      {
        coordinatorDirectory: folders.coordinator,
        overrides: {},
        dataDirectory: dataDir,
        configDirectory: configDir,
        softwareVersion: this.config.version,
        newNode: {
          directory: folders.node,
          name: defaultNodeName(),
          capacityBytes: flags.capacity,
          listen: flags['node-listen'] === undefined ? undefined : parseAddress(flags['node-listen']),
          advertise: flags.advertise ?? [],
        },
      },
      world,
    );
    await this.serve(
      {
        start: async (signal) => {
          const nodes = await household.start(signal);
          const { name, memberId, homeEndpoints, enrolmentEndpoints, peerEndpoints, minimumCopies } = household.settings;
          const said = nodes.map(
            ({ path, settings }) => `Node ${settings.name} keeps up to ${formatSize(settings.capacityBytes)} in ${path}.`,
          );
          const next = [
            '',
            'Next, in another terminal:',
            '  collective put FILE /          store something',
            '  collective status              see how it is',
            ...(minimumCopies === ENOUGH_FOR_NOW
              ? ['  collective node invite         a second copy of everything: join a node on another machine with it']
              : []),
            'Ctrl-C stops it here; collective up starts it again.',
          ];
          return {
            line: [`${name} is up at ${homeEndpoints.join(', ')} (pid ${process.pid}).`, ...said, ...next].join('\n'),
            fields: {
              role: 'household',
              memberId,
              name,
              directory: folders.coordinator,
              endpoints: { home: homeEndpoints, enrolment: enrolmentEndpoints, peer: peerEndpoints },
              minimumCopies: minimumCopies ?? null,
              nodes: nodes.map(({ path, settings, isNew }) => ({
                nodeId: settings.nodeId,
                name: settings.name,
                path,
                capacity: settings.capacityBytes,
                new: isNew,
              })),
            },
          };
        },
        failed: household.failed,
        stop: () => household.stop(),
      },
      logger,
    );
  }

  async #found(
    directory: string,
    name: string,
    world: World,
    flags: {
      readonly 'home-listen': string | undefined;
      readonly 'enrolment-listen': string | undefined;
      readonly 'peer-listen': string | undefined;
      readonly 'passphrase-file': string | undefined;
      readonly advertise: readonly string[] | undefined;
    },
  ): Promise<void> {
    const { advertisedHosts, endpointsForOthers, formatAddress, parseAddress } = await import('../compose/data-folders.js');
    const { checkPortFree } = await import('../compose/household.js');
    const { peerListenBeside } = await import('../compose/coordinator-folder.js');
    const { checkMemberName } = await import('../base/default-name.js');
    const { foundMember } = await import('../compose/found.js');
    const { ContextStore } = await import('../contexts/context-store.js');
    const { defaultClientName } = await import('../base/default-name.js');
    const { askPassphrase } = await import('../base/passphrase.js');
    checkMemberName(name);
    const homeListen = parseAddress(flags['home-listen'] ?? '0.0.0.0:7420');
    const enrolmentListen = parseAddress(flags['enrolment-listen'] ?? '0.0.0.0:7421');
    await checkPortFree(homeListen, '--home-listen');
    await checkPortFree(enrolmentListen, '--enrolment-listen');
    const asked = flags['peer-listen'];
    const peerListen = asked === undefined ? peerListenBeside(homeListen) : parseAddress(asked);
    await checkPortFree(peerListen, '--peer-listen');
    const endpoints = (listen: typeof homeListen): string[] =>
      advertisedHosts(listen, flags.advertise ?? []).map((host) => formatAddress({ host, port: listen.port }));
    const passphrase = await askPassphrase(flags['passphrase-file']);
    const founded = await foundMember(
      {
        directory,
        name,
        clientName: defaultClientName(),
        contextName: name,
        passphrase,
        minimumCopies: ENOUGH_FOR_NOW,
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
    if (!this.jsonEnabled()) this.say(`${name} is founded. Member id: ${founded.memberId}\nKeys, log and views: ${directory}`);
  }
}
