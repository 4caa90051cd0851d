import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { protoPath, service as healthService } from 'grpc-health-check';
import { FRAME, type FrameType } from '../../src/transport/chunk-protocol/frames.js';
import {
  AdminServiceDefinition,
  CertificateServiceDefinition,
  EnrolmentServiceDefinition,
  FilesServiceDefinition,
  CopiesServiceDefinition,
  GrantServiceDefinition,
  HoldingServiceDefinition,
  MemberFilesServiceDefinition,
  MemberServiceDefinition,
  PeerAdminServiceDefinition,
  PeerFilesServiceDefinition,
  PeerServiceDefinition,
  NodeSessionServiceDefinition,
  type ServiceDefinition,
  WitnessAdminServiceDefinition,
  WitnessServiceDefinition,
} from '../../src/transport/index.js';

export type Port = 'home' | 'enrolment' | 'peer' | 'data';
export const PORTS: readonly Port[] = ['home', 'enrolment', 'peer', 'data'];

export type Role = 'client' | 'node' | 'coordinator';

/** Who is meant to get through with a call, and what an empty request is answered with once it has got through. */
export interface Intent {
  readonly port: Port;
  /** `anyone`: whoever speaks TLS 1.3, with a certificate or without. */
  readonly roles: readonly Role[] | 'anyone';
  readonly answer: string;
  /** The answer is its first message: the stream has no end. */
  readonly endless?: true;
}

const client = (answer: string): Intent => ({ port: 'home', roles: ['client'], answer });
const anyMember = (answer: string, endless?: true): Intent => ({
  port: 'home',
  roles: ['client', 'node', 'coordinator'],
  answer,
  ...(endless === undefined ? {} : { endless }),
});

/** Between coordinators of members who have admitted each other. */
const peer = (answer: string): Intent => ({ port: 'peer', roles: ['coordinator'], answer });

/** Written down by hand, and not derived from what the program says of itself: this is what is meant. */
export const INTENDED: Readonly<Record<string, Intent>> = {
  'collective.v1.FilesService/OpenUpload': client('REQUEST_INVALID'),
  'collective.v1.FilesService/PlaceChunks': client('UPLOAD_UNKNOWN'),
  'collective.v1.FilesService/RecordExtents': client('UPLOAD_UNKNOWN'),
  'collective.v1.FilesService/CommitFiles': client('UPLOAD_UNKNOWN'),
  'collective.v1.FilesService/CloseUpload': client('UPLOAD_UNKNOWN'),
  'collective.v1.FilesService/ReadFiles': client('OK'),
  'collective.v1.FilesService/Stat': client('PATH_INVALID'),
  'collective.v1.FilesService/ListDirectory': client('PATH_INVALID'),
  'collective.v1.FilesService/MakeDirectories': client('OK'),
  'collective.v1.FilesService/MakeSymlinks': client('OK'),
  'collective.v1.FilesService/SetAttributes': client('OK'),
  'collective.v1.FilesService/MoveEntry': client('PATH_INVALID'),
  'collective.v1.FilesService/RemoveEntry': client('PATH_INVALID'),
  'collective.v1.FilesService/ListVersions': client('PATH_INVALID'),
  'collective.v1.FilesService/ListDeleted': client('PATH_INVALID'),
  'collective.v1.FilesService/RestoreEntry': client('PATH_INVALID'),
  'collective.v1.FilesService/PurgeEntry': client('PATH_INVALID'),
  'collective.v1.FilesService/CopyEntries': client('OK'),
  'collective.v1.FilesService/FindEntries': client('PATH_INVALID'),
  'collective.v1.FilesService/LocateFiles': client('PATH_INVALID'),
  'collective.v1.FilesService/ReportDamage': client('OK'),
  'collective.v1.AdminService/GetStatus': client('OK'),
  'collective.v1.AdminService/ListNodes': client('OK'),
  'collective.v1.AdminService/GetNode': client('NOT_FOUND'),
  'collective.v1.AdminService/IssueInvite': client('REQUEST_INVALID'),
  'collective.v1.AdminService/ListEvents': client('OK'),
  'collective.v1.AdminService/GetEvent': client('NOT_FOUND'),
  'collective.v1.AdminService/VerifyLog': client('OK'),
  'collective.v1.AdminService/ReplayLog': client('OK'),
  'collective.v1.AdminService/ListClients': client('OK'),
  'collective.v1.AdminService/RevokeCertificates': client('REQUEST_INVALID'),
  'collective.v1.AdminService/RemoveNode': client('REQUEST_INVALID'),
  'collective.v1.AdminService/PrepareRotation': client('REQUEST_INVALID'),
  'collective.v1.AdminService/CommitRotation': client('REQUEST_INVALID'),
  'collective.v1.CertificateService/Renew': { port: 'home', roles: ['client', 'node'], answer: 'REQUEST_INVALID' },
  'collective.v1.NodeSessionService/Session': { port: 'home', roles: ['node'], answer: 'REQUEST_INVALID' },
  'collective.v1.WitnessService/Keep': { port: 'home', roles: ['node'], answer: 'REQUEST_INVALID' },
  'collective.v1.WitnessAdminService/ListWitnesses': client('OK'),
  'collective.v1.WitnessAdminService/NameWitnesses': client('REQUEST_INVALID'),
  'collective.v1.MemberService/InviteMember': client('REQUEST_INVALID'),
  'collective.v1.MemberService/PreviewInvite': client('INVITE_INVALID'),
  'collective.v1.MemberService/AcceptInvite': client('REQUEST_INVALID'),
  'collective.v1.MemberService/ApproveMember': client('REQUEST_INVALID'),
  'collective.v1.MemberService/RefuseMember': client('REQUEST_INVALID'),
  'collective.v1.MemberService/ListMembers': client('OK'),
  'collective.v1.MemberService/GetMember': client('NOT_FOUND'),
  'collective.v1.MemberService/SuspendMember': client('REQUEST_INVALID'),
  'collective.v1.MemberService/ReinstateMember': client('REQUEST_INVALID'),
  'collective.v1.MemberService/RemoveMember': client('REQUEST_INVALID'),
  'collective.v1.MemberService/RenameMember': client('REQUEST_INVALID'),
  'collective.v1.PeerAdminService/ListPeers': client('OK'),
  'collective.v1.MemberFilesService/Forward': client('NOT_FOUND'),
  'collective.v1.GrantService/GiveGrant': client('PATH_INVALID'),
  'collective.v1.GrantService/ListGrants': client('OK'),
  'collective.v1.GrantService/WithdrawGrant': client('REQUEST_INVALID'),
  'collective.v1.CopiesService/SetPolicy': client('PATH_INVALID'),
  'collective.v1.CopiesService/ListPolicies': client('OK'),
  'collective.v1.CopiesService/ShowPolicy': client('PATH_INVALID'),
  'collective.v1.CopiesService/ReplaceCopies': client('NOT_FOUND'),
  'collective.v1.CopiesService/ReleaseKept': client('NOT_FOUND'),
  'collective.v1.CopiesService/SetPledge': client('REQUEST_INVALID'),
  'collective.v1.CopiesService/ListPledges': client('OK'),
  'collective.v1.PeerService/Session': peer('UNAVAILABLE'),
  'collective.v1.PeerService/Pull': peer('PROTOCOL_ERROR'),
  'collective.v1.PeerService/Answer': peer('PROTOCOL_ERROR'),
  'collective.v1.PeerFilesService/ForwardForClient': peer('UNSUPPORTED'),
  'collective.v1.HoldingService/PlaceCopies': peer('REQUEST_INVALID'),
  'collective.v1.HoldingService/AcceptCopies': peer('REQUEST_INVALID'),
  'collective.v1.HoldingService/LocateCopies': peer('REQUEST_INVALID'),
  'collective.v1.HoldingService/LocateForReader': peer('REQUEST_INVALID'),
  'collective.v1.HoldingService/ReportCopies': peer('OK'),
  'collective.v1.HoldingService/ReleaseCopies': peer('OK'),
  'collective.v1.HoldingService/FetchCopies': peer('REQUEST_INVALID'),
  'collective.v1.HoldingService/OfferSources': peer('REQUEST_INVALID'),
  'collective.v1.EnrolmentService/JoinMember': { port: 'enrolment', roles: 'anyone', answer: 'REQUEST_INVALID' },
  'collective.v1.EnrolmentService/Redeem': { port: 'enrolment', roles: 'anyone', answer: 'REQUEST_INVALID' },
  'collective.v1.EnrolmentService/Introduce': { port: 'enrolment', roles: 'anyone', answer: 'OK' },
  'collective.v1.EnrolmentService/RenewLapsed': { port: 'enrolment', roles: 'anyone', answer: 'REQUEST_INVALID' },
  'grpc.health.v1.Health/Check': anyMember('OK'),
  'grpc.health.v1.Health/Watch': anyMember('OK', true),
  'grpc.health.v1.Health/List': anyMember('OK'),
};

/** What a client may begin on a data port, each with the frame that answers it. */
export const DATA_OPERATIONS = {
  hello: 'hello',
  ticket: 'done',
  put: 'done',
  hold: 'held',
  receipt: 'receipted',
  get: 'chunk',
} as const satisfies Partial<Record<keyof typeof FRAME, keyof typeof FRAME>>;
export type DataOperation = keyof typeof DATA_OPERATIONS;

/** Frames that give no right: part of an operation above, about the connection itself, or only ever sent by nodes. */
const FRAMES_WITHOUT_RIGHTS: readonly (keyof typeof FRAME)[] = ['data', 'cancel', 'ping', 'pong', 'goAway', 'error'];

const DEFINITIONS: readonly ServiceDefinition[] = [
  FilesServiceDefinition,
  AdminServiceDefinition,
  CertificateServiceDefinition,
  NodeSessionServiceDefinition,
  WitnessAdminServiceDefinition,
  WitnessServiceDefinition,
  EnrolmentServiceDefinition,
  CopiesServiceDefinition,
  GrantServiceDefinition,
  HoldingServiceDefinition,
  MemberFilesServiceDefinition,
  MemberServiceDefinition,
  PeerAdminServiceDefinition,
  PeerFilesServiceDefinition,
  PeerServiceDefinition,
];

function definedRpcs(): readonly string[] {
  const own = DEFINITIONS.flatMap(({ fullName, methods }) => Object.values(methods).map(({ name }) => `${fullName}/${name}`));
  return [...own, ...Object.values(healthService).map(({ path }) => path.slice(1))];
}

/** `package.Service/Method` of every rpc in the text of proto files. */
function writtenRpcs(): readonly string[] {
  const folder = fileURLToPath(new URL('../../proto/', import.meta.url));
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.proto'))
    .map((name) => join(folder, name));
  return [...own, protoPath].flatMap((path) => {
    const text = readFileSync(path, 'utf8').replace(/\/\/.*$/gm, '');
    const [, packageName = ''] = /^package ([\w.]+);/m.exec(text) ?? [];
    return Array.from(text.matchAll(/^service (\w+) \{([\s\S]*?)^\}/gm)).flatMap(([, service = '', body = '']) =>
      Array.from(body.matchAll(/\brpc\s+(\w+)\s*\(/g), ([, method = '']) => `${packageName}.${service}/${method}`),
    );
  });
}

/** What keeps the matrix from being whole: a call, service or frame that is not in it, or one in it that does not exist. */
export function gaps(): readonly string[] {
  const defined = new Set(definedRpcs());
  const written = new Set(writtenRpcs());
  const intended = new Set(Object.keys(INTENDED));
  const missing = (from: ReadonlySet<string>, into: ReadonlySet<string>, what: string): string[] =>
    [...from].filter((rpc) => !into.has(rpc)).map((rpc) => `${rpc} ${what}`);
  const frames = new Set<string>([...Object.keys(DATA_OPERATIONS), ...Object.values(DATA_OPERATIONS), ...FRAMES_WITHOUT_RIGHTS]);
  return [
    ...missing(written, defined, 'is in a proto file and not in the generated definitions'),
    ...missing(defined, written, 'is in the generated definitions and in no proto file'),
    ...missing(written, intended, 'is in a proto file and not in the matrix'),
    ...missing(intended, written, 'is in the matrix and in no proto file'),
    ...missing(new Set(Object.keys(FRAME)), frames, 'is a frame of the chunk protocol and not in the matrix'),
    ...(written.size > 20 ? [] : [`only ${written.size} rpcs were found in the proto files`]),
  ];
}

export const frameOf = (name: keyof typeof FRAME): FrameType => FRAME[name];
