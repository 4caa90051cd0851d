import type { Role } from '../../identity/index.js';

/** Which listener offers a service, and who may call it there. */
export interface ServiceAccess {
  /**
   * home: callers show a certificate of the own member. peer: one of another member that is admitted. enrolment: only the server
   * shows one.
   */
  readonly listener: 'home' | 'peer' | 'enrolment';
  /** Empty exactly where callers have no certificate yet. */
  readonly roles: readonly Role[];
}

/** Every service of every proto file. A service without an entry is not served, and a caller without an entry is refused. */
export const SERVICE_ACCESS = {
  'collective.v1.FilesService': { listener: 'home', roles: ['client'] },
  'collective.v1.AdminService': { listener: 'home', roles: ['client'] },
  'collective.v1.NodeSessionService': { listener: 'home', roles: ['node'] },
  'collective.v1.WitnessService': { listener: 'home', roles: ['node'] },
  'collective.v1.WitnessAdminService': { listener: 'home', roles: ['client'] },
  'collective.v1.CertificateService': { listener: 'home', roles: ['client', 'node'] },
  'collective.v1.MemberService': { listener: 'home', roles: ['client'] },
  'collective.v1.MemberFilesService': { listener: 'home', roles: ['client'] },
  'collective.v1.GrantService': { listener: 'home', roles: ['client'] },
  'collective.v1.CopiesService': { listener: 'home', roles: ['client'] },
  'collective.v1.PeerFilesService': { listener: 'peer', roles: ['coordinator'] },
  'collective.v1.HoldingService': { listener: 'peer', roles: ['coordinator'] },
  'collective.v1.PeerService': { listener: 'peer', roles: ['coordinator'] },
  'collective.v1.PeerAdminService': { listener: 'home', roles: ['client'] },
  'collective.v1.EnrolmentService': { listener: 'enrolment', roles: [] },
  'grpc.health.v1.Health': { listener: 'home', roles: ['client', 'node', 'coordinator'] },
} as const satisfies Readonly<Record<string, ServiceAccess>>;

export type ServedName = keyof typeof SERVICE_ACCESS;

export const isServedName = (fullName: string): fullName is ServedName => Object.hasOwn(SERVICE_ACCESS, fullName);
