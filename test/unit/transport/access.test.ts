import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  AdminServiceDefinition,
  CertificateServiceDefinition,
  CopiesServiceDefinition,
  EnrolmentServiceDefinition,
  FilesServiceDefinition,
  GrantServiceDefinition,
  HoldingServiceDefinition,
  MemberFilesServiceDefinition,
  MemberServiceDefinition,
  NodeSessionServiceDefinition,
  PeerAdminServiceDefinition,
  PeerFilesServiceDefinition,
  PeerServiceDefinition,
  serve,
  SERVICE_ACCESS,
  type ServiceDefinition,
  WitnessAdminServiceDefinition,
  WitnessServiceDefinition,
} from '../../../src/transport/index.js';

const PROTO_FOLDER = new URL('../../../proto/collective/v1/', import.meta.url);
const definitions: readonly ServiceDefinition[] = [
  AdminServiceDefinition,
  CertificateServiceDefinition,
  CopiesServiceDefinition,
  EnrolmentServiceDefinition,
  FilesServiceDefinition,
  GrantServiceDefinition,
  HoldingServiceDefinition,
  MemberFilesServiceDefinition,
  MemberServiceDefinition,
  NodeSessionServiceDefinition,
  PeerAdminServiceDefinition,
  PeerFilesServiceDefinition,
  PeerServiceDefinition,
  WitnessAdminServiceDefinition,
  WitnessServiceDefinition,
];

/** `Service/Method` of every rpc of every proto file, read from the text of the files. */
function rpcsOfProtoFiles(): readonly string[] {
  return readdirSync(PROTO_FOLDER)
    .filter((name) => name.endsWith('.proto'))
    .flatMap((name) => {
      const text = readFileSync(new URL(name, PROTO_FOLDER), 'utf8').replace(/\/\/.*$/gm, '');
      const [, packageName = ''] = /^package ([\w.]+);/m.exec(text) ?? [];
      return Array.from(text.matchAll(/^service (\w+) \{([\s\S]*?)^\}/gm), ([, service = '', body = '']) =>
        Array.from(body.matchAll(/\brpc (\w+)\(/g), ([, method = '']) => `${packageName}.${service}/${method}`),
      ).flat();
    });
}

describe('who may call what', () => {
  it('every rpc of every proto file belongs to a service with an entry of its own', () => {
    const inProtoFiles = rpcsOfProtoFiles();
    const defined = definitions.flatMap(({ fullName, methods }) =>
      Object.values(methods).map((method) => `${fullName}/${method.name}`),
    );
    expect([...defined].sort()).toEqual([...inProtoFiles].sort());
    expect(inProtoFiles.length).toBeGreaterThan(20);
    for (const { fullName } of definitions) expect(Object.keys(SERVICE_ACCESS)).toContain(fullName);
  });

  it('only enrolment is open to callers without a certificate', () => {
    const wrong = Object.entries(SERVICE_ACCESS).filter(
      ([, { roles, listener }]) => (roles.length === 0) !== (listener === 'enrolment'),
    );
    expect(wrong).toEqual([]);
    const open = Object.entries(SERVICE_ACCESS).filter(([, access]) => access.listener === 'enrolment');
    expect(open.map(([name]) => name)).toEqual(['collective.v1.EnrolmentService']);
  });

  it('a service without an entry cannot be served', () => {
    const unknown = { name: 'Secrets', fullName: 'collective.v1.SecretsService', methods: {} };
    expect(() => serve(unknown, {})).toThrow(/SERVICE_ACCESS/);
  });

  it('a service without a handler for each of its methods cannot be served', () => {
    const partial: Record<string, never> = {};
    expect(() => serve<ServiceDefinition>(AdminServiceDefinition, partial)).toThrow(/GetStatus has no handler/);
  });
});
