import {
  FilesServiceDefinition,
  GrantServiceDefinition,
  MemberFilesServiceDefinition,
  PeerFilesServiceDefinition,
  type RpcChannel,
  serve,
} from '../../transport/index.js';
import type { MemberId } from '../../base/index.js';
import type { Clock, Hasher, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { CertificateAuthority } from '../certificates/authority.js';
import type { TrustDesk } from '../certificates/trust-desk.js';
import type { Submits } from '../commands/command-loop.js';
import type { FederationPart } from '../federation.js';
import { type FilesAccess, type FilesParts, openFiles } from '../files/open-files.js';
import type { TicketOffice } from '../files/tickets.js';
import type { OtherLogs } from '../members/other-logs.js';
import type { PeerTrust } from '../members/peer-trust.js';
import { GrantService } from '../sharing/grant-service.js';
import { heldBack } from '../witnesses/held-back.js';
import { AwayTrees, type AwayTreesOptions } from './away/away-trees.js';
import { AdmittedClients } from './admitted-clients.js';
import { GrantGate } from './grant-gate.js';
import { guardedCommands, mayReadSource } from './guarded-commands.js';
import { MemberFilesService } from './member-files-service.js';
import { PeerChannels } from './peer-channels.js';
import { PeerFilesService } from './peer-files-service.js';

export interface RemoteTreesOptions {
  readonly own: { readonly memberId: MemberId; readonly name: string };
  readonly parts: FilesParts;
  readonly access: FilesAccess;
  /** With which clients of other members put: see PutTicket.sentOnly. */
  readonly ticketsForOthers: TicketOffice;
  readonly commands: Submits;
  readonly authority: Pick<CertificateAuthority, 'trust'>;
  readonly trust: PeerTrust;
  readonly connect: (memberId: MemberId) => RpcChannel;
  readonly views: ViewHost;
  readonly clock: Clock;
  readonly hasher: Hasher;
  /** Tells the own nodes whose clients may come. */
  readonly nodesTrust: TrustDesk;
  readonly logs: OtherLogs;
  /** How far the log of a member is known here. */
  readonly knownLog: AwayTreesOptions['knownLog'];
  /** Whether there is a session with its coordinator. */
  readonly isConnected: (memberId: MemberId) => boolean;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Resolves when what the views show may be told. */
  readonly seen: () => Promise<void>;
}

/** The own tree for others, as far as it is granted; the trees of others for the own clients; and the grants. */
export function remoteTrees(options: RemoteTreesOptions): FederationPart {
  const { own, parts, access, trust, views, clock, hasher, seen, commands, authority } = options;
  const channels = new PeerChannels({ trust, connect: options.connect });
  const clients = new AdmittedClients({ ...options, desk: options.nodesTrust });
  const guarded = openFiles(parts, {
    commands: guardedCommands(commands),
    tickets: options.ticketsForOthers,
    mayRead: mayReadSource,
  });
  const gate = new GrantGate({ files: guarded, views, clock, memberId: own.memberId, trust: () => authority.trust() });
  const forOthers = heldBack(serve(FilesServiceDefinition, gate.handlers), seen);
  const forOwn = heldBack(serve(FilesServiceDefinition, openFiles(parts, access)), seen);
  const { shared, retentionMs } = parts;
  const members = new MemberFilesService({
    ...options,
    away: new AwayTrees({ ...options, own: own.memberId, shared, retentionMs }),
    files: forOwn,
    peers: () => views.run(({ peers }) => peers.all()),
    channels,
  });
  return {
    homeServices: [
      forOwn,
      serve(MemberFilesServiceDefinition, members),
      heldBack(
        serve(GrantServiceDefinition, new GrantService({ own, commands, views, trust, logs: options.logs, clock, hasher })),
        seen,
      ),
    ],
    peerServices: [serve(PeerFilesServiceDefinition, new PeerFilesService({ files: forOthers, hasher }))],
    stop: async () => {
      channels.close();
      await clients.stop();
    },
  };
}
