import { CollectiveError } from '../../src/base/index.js';
import type { OwnCredentials, PeerName } from '../../src/identity/index.js';
import type { LogFields, Logger } from '../../src/ports/index.js';
import {
  AdminServiceDefinition,
  EnrolmentServiceDefinition,
  NodeSessionServiceDefinition,
  serve,
  type BoundService,
  type EventInfo,
  type ServiceImplementation,
} from '../../src/transport/index.js';
import { createLeaf, type TestMember } from '../unit/identity/support.js';

/** A leaf of `member`, as the process that has its key holds it. Valid by the real clock. */
export async function ownCredentials(
  member: TestMember,
  name: PeerName,
  options: { readonly nowMs?: number; readonly lifeMs?: number } = {},
): Promise<OwnCredentials> {
  const { leaf, keys } = await createLeaf(member, name, { nowMs: Date.now(), ...options });
  return { memberId: member.memberId, ca: member.ca, leaf, privateKeyPem: keys.privateKeyPem };
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger that keeps what it is told. */
export class MemoryLogger implements Logger {
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#add('debug', message, fields);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#add('info', message, fields);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#add('warn', message, fields);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#add('error', message, fields);
  }

  child(fields: LogFields): Logger {
    return new MemoryLogger(this.lines, { ...this.#fields, ...fields });
  }

  #add(level: LogLine['level'], message: string, fields: LogFields): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
  }
}

type Admin = ServiceImplementation<typeof AdminServiceDefinition>;
type Session = ServiceImplementation<typeof NodeSessionServiceDefinition>;
type Enrolment = ServiceImplementation<typeof EnrolmentServiceDefinition>;

const missing = (): never => {
  throw new CollectiveError('UNSUPPORTED', 'This test serves no such method.');
};

/** The admin service with only the methods that a test is about. */
export function adminWith(methods: Partial<Admin>): BoundService {
  return serve(AdminServiceDefinition, {
    getStatus: missing,
    listNodes: missing,
    getNode: missing,
    issueInvite: missing,
    listEvents: missing,
    getEvent: missing,
    verifyLog: missing,
    replayLog: missing,
    listClients: missing,
    revokeCertificates: missing,
    removeNode: missing,
    prepareRotation: missing,
    commitRotation: missing,
    ...methods,
  });
}

export const sessionWith = (session: Session['session']): BoundService => serve(NodeSessionServiceDefinition, { session });

export const enrolmentWith = (redeem: Enrolment['redeem']): BoundService =>
  serve(EnrolmentServiceDefinition, { redeem, introduce: missing, renewLapsed: missing, joinMember: missing });

export const eventWith = (fields: Partial<EventInfo>): EventInfo => ({
  origin: '',
  epoch: 1,
  sequence: 0,
  timeMs: 0,
  type: '',
  schemaVersion: 1,
  actor: '',
  requestId: '',
  payloadJson: '',
  payloadHash: '',
  blockFirstSequence: 0,
  ...fields,
});

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<CollectiveError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof CollectiveError) return outcome;
  throw new Error(`expected a CollectiveError, got ${String(outcome)}`);
}
