import { Flags } from '@oclif/core';
import { DaemonCommand } from '../../base/daemon-command.js';
import { durationFlag, INTRODUCTIONS, lifetimeFlag, sizeFlag } from '../../base/flags.js';

export default class CoordinatorStart extends DaemonCommand {
  static override summary = 'Run the coordinator until it is told to stop (Ctrl-C or SIGTERM).';
  static override description =
    'Prints one line when it is ready, with --json as an object {"ready": true, "pid", ...}. Log lines go to standard error, as ' +
    'JSON unless that is a terminal.';
  static override flags = {
    directory: Flags.string({
      env: 'COLLECTIVE_DIRECTORY',
      description: "The coordinator's folder. Default: the only one.",
      helpValue: 'DIR',
    }),
    name: Flags.string({ description: 'Whose coordinator, where this machine has several.', exclusive: ['directory'] }),
    'home-listen': Flags.string({ description: 'For this run: where clients and nodes connect.', helpValue: 'HOST:PORT' }),
    'enrolment-listen': Flags.string({ description: 'For this run: where invites are redeemed.', helpValue: 'HOST:PORT' }),
    'peer-listen': Flags.string({
      description: 'For this run: where coordinators of other members connect.',
      helpValue: 'HOST:PORT',
    }),
    introductions: Flags.option({ options: ['admit', 'ask'] as const, description: `For this run: ${INTRODUCTIONS}` })(),
    'assert-latest': Flags.boolean({
      description:
        'Take changes although too few witnesses can be asked how far the log goes: you know that this folder is its latest state, ' +
        'and no old backup. Else what was acknowledged since is lost.',
    }),
    retention: durationFlag({
      description: 'For this run: how long what was deleted or overwritten can be restored. Default: 30d.',
    }),
    'member-log-limit': sizeFlag({
      description: "How large the copy of one other member's log may become here; kept for later starts. Default: 10G.",
    }),
    'certificate-lifetime': lifetimeFlag({ description: 'For this run: for how long the certificates are good that it issues.' }),
    advertise: Flags.string({
      multiple: true,
      description: 'For this run: host at which others reach this machine.',
      helpValue: 'HOST',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(CoordinatorStart);
    const { createWorld } = await import('../../compose/world.js');
    const { openCoordinator } = await import('../../compose/coordinator.js');
    const { chooseCoordinatorDirectory, readCoordinatorSettings, writeCoordinatorSettings } = await import(
      '../../compose/coordinator-folder.js'
    );
    const { advertisedHosts, endpointsForOthers, formatAddress, parseAddress } = await import('../../compose/data-folders.js');
    const logger = await this.daemonLogger(flags['log-level'], { role: 'coordinator' });
    const world = createWorld(logger);
    const directory = await chooseCoordinatorDirectory(this.config.dataDir, flags);
    const before = await readCoordinatorSettings(world, directory);
    const limit = flags['member-log-limit'];
    const kept = limit === undefined ? before : { ...before, memberLogBytes: limit };
    if (limit !== undefined) await writeCoordinatorSettings(world, directory, kept);
    const homeListen = flags['home-listen'] === undefined ? kept.homeListen : parseAddress(flags['home-listen']);
    const enrolmentListen =
      flags['enrolment-listen'] === undefined ? kept.enrolmentListen : parseAddress(flags['enrolment-listen']);
    const peerListen = flags['peer-listen'] === undefined ? kept.peerListen : parseAddress(flags['peer-listen']);
    const endpoints = (listen: typeof homeListen): string[] =>
      advertisedHosts(listen, flags.advertise ?? []).map((host) => formatAddress({ host, port: listen.port }));
    const homeMoved = flags['home-listen'] !== undefined || flags.advertise !== undefined;
    const enrolmentMoved = flags['enrolment-listen'] !== undefined || flags.advertise !== undefined;
    const peerMoved = flags['peer-listen'] !== undefined || flags.advertise !== undefined;
    const overrides = {
      homeListen,
      enrolmentListen,
      peerListen,
      ...(peerMoved ? { peerEndpoints: endpointsForOthers(endpoints(peerListen)) } : {}),
      ...(flags.introductions === undefined ? {} : { introductions: flags.introductions }),
      ...(flags.retention === undefined ? {} : { retentionMs: flags.retention }),
      ...(homeMoved ? { homeEndpoints: endpoints(homeListen) } : {}),
      ...(flags['certificate-lifetime'] === undefined ? {} : { certificateLifeMs: flags['certificate-lifetime'] }),
      ...(enrolmentMoved ? { enrolmentEndpoints: endpoints(enrolmentListen) } : {}),
    };
    const { coordinator, settings, release } = await openCoordinator(
      { directory, overrides, softwareVersion: this.config.version, assertLatest: flags['assert-latest'] },
      world,
    );
    this.atEnd(release);
    await this.serve(
      {
        start: async (signal) => {
          await coordinator.start(signal);
          const { homeEndpoints, enrolmentEndpoints, peerEndpoints, memberId, name } = settings;
          return {
            line: `The coordinator of ${name} is ready at ${homeEndpoints.join(', ')} (pid ${process.pid}).`,
            fields: {
              role: 'coordinator',
              memberId,
              name,
              directory,
              endpoints: { home: homeEndpoints, enrolment: enrolmentEndpoints, peer: peerEndpoints },
            },
          };
        },
        failed: coordinator.failed,
        stop: () => coordinator.stop(),
      },
      logger,
    );
  }
}
