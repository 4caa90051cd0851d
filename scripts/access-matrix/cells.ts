import pLimit from 'p-limit';
import { AccessWorld } from '../../test/integration/access/support/access-world.js';
import type { Attempt } from '../../test/integration/access/support/raw-rpc.js';
import type { Refusal } from '../../test/integration/access/support/refusals.js';
import { attempt } from './attempts.js';
import { type ClientWord, clientWord } from './client-word.js';
import { type Credential, makeCredentials } from './credentials.js';
import { type Expected, expectedOf, type Operation } from './expectations.js';
import { Goods } from './goods.js';
import { liveThrough } from './past.js';
import { DATA_OPERATIONS, type DataOperation, INTENDED, type Port, PORTS } from './rpcs.js';

/** One port, one credential, one operation: what was meant and what happened. */
export interface Cell {
  readonly port: Port;
  readonly credential: Credential;
  readonly operation: Operation;
  readonly expected: Expected;
  readonly attempt: Attempt;
  /** The server's own word, where the caller got none. */
  readonly refusal: Refusal | undefined;
  /** What is wrong; undefined when all is as it was meant. */
  readonly wrong: string | undefined;
}

export interface Matrix {
  readonly credentials: readonly Credential[];
  readonly operations: readonly Operation[];
  readonly cells: readonly Cell[];
  /** Lines of the servers' log that only a fault of the program writes. */
  readonly faults: readonly string[];
}

const AT_ONCE = 8;

export const OPERATIONS: readonly Operation[] = [
  ...Object.keys(INTENDED).map((name): Operation => ({ kind: 'rpc', name })),
  ...Object.keys(DATA_OPERATIONS).map((name): Operation => ({ kind: 'data', name: name as DataOperation })),
];

/** Where nobody gets past the handshake, one call of each service says as much as all of them. */
export function operationsAt(port: Port): readonly Operation[] {
  if (port !== 'peer') return OPERATIONS;
  const services = OPERATIONS.map(({ name }) => name.split('/')[0]);
  return OPERATIONS.filter(({ kind }, index) => kind === 'data' || services.indexOf(services[index]) === index);
}

/** Tries every operation with every credential at every port of a real coordinator and a real node. */
export async function runMatrix(): Promise<Matrix> {
  const world = await AccessWorld.start({ nodes: ['attic'], everyRefusal: true });
  try {
    const past = await liveThrough(world);
    const goods = await Goods.store(world);
    const portNumbers: Readonly<Record<Port, number>> = {
      home: world.homePort,
      enrolment: world.enrolmentPort,
      peer: world.peerPort,
      data: goods.dataPort,
    };
    const credentials = await makeCredentials(world.founded.material, world.client.own, past);
    const limit = pLimit(AT_ONCE);
    const words = new Map<string, Promise<ClientWord | undefined>>();
    const wordOf = (port: Port, { key, fault, shown }: Credential): Promise<ClientWord | undefined> | undefined => {
      if (shown.own === undefined || fault === 'old TLS') return undefined;
      const name = `${port}/${key}`;
      const word = words.get(name) ?? clientWord(world, port, portNumbers[port], shown.own);
      words.set(name, word);
      return word;
    };
    const tryCell = async (port: Port, credential: Credential, operation: Operation): Promise<Cell> => {
      const expected = expectedOf(port, credential, operation);
      let told = 0;
      const attempted = await attempt(portNumbers[port], credential.shown, operation, goods, (localPort) => {
        told = world.refusals.told(localPort);
      });
      const closed = expected.kind === 'closed' && attempted.kind === 'cut';
      const refusal = closed ? await world.refusals.of(attempted.localPort, told) : undefined;
      // Where HTTP/2 was missing it is not the credential that was refused.
      const asksWord = closed && (operation.kind === 'data') === (port === 'data');
      const word = asksWord ? await wordOf(port, credential) : undefined;
      const wrong = faultOf(expected, attempted, refusal, operation) ?? (asksWord ? faultOfWord(word, credential) : undefined);
      return { port, credential, operation, expected, attempt: attempted, refusal, wrong };
    };
    const cells = await Promise.all(
      PORTS.flatMap((port) =>
        credentials.flatMap((credential) =>
          operationsAt(port).map((operation) => limit(() => tryCell(port, credential, operation))),
        ),
      ),
    );
    const faults = world.refusals.faults.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`);
    return { credentials, operations: OPERATIONS, cells, faults };
  } finally {
    await world.stop();
  }
}

export function faultOf(
  expected: Expected,
  { kind, ...said }: Attempt,
  refusal: Refusal | undefined,
  operation: Operation,
): string | undefined {
  const happened = 'code' in said ? `it was answered ${said.code}: ${said.message}` : `it was cut (${said.how})`;
  if (expected.kind === 'closed') {
    if (kind !== 'cut' || refusal === undefined) return happened;
    const asMeant = refusal.code === expected.code && expected.says.test(refusal.reason);
    return asMeant ? undefined : `it was cut because of ${refusal.code}: ${refusal.reason}`;
  }
  if (!('code' in said)) return happened;
  if (expected.kind === 'told') return said.code === expected.code && expected.says.test(said.message) ? undefined : happened;
  const passed = operation.kind === 'rpc' ? said.code === expected.code : said.code === 'OK' && said.message === expected.code;
  return passed ? undefined : happened;
}

const CODES_OF_WORD = new Set(['CERTIFICATE_INVALID', 'COORDINATOR_UNREACHABLE', 'NODE_UNREACHABLE']);

/** A caller that is cut off is not left alone: its own end says what is wrong or where to look, and what to do. */
function faultOfWord(word: ClientWord | undefined, { shown, fault }: Credential): string | undefined {
  if (shown.own === undefined || fault === 'old TLS') return undefined;
  if (word === undefined) return 'this program would have been let in with it';
  if (!CODES_OF_WORD.has(word.code)) return `this program says ${word.code}: ${word.message}`;
  return word.next === '' ? `this program says only: ${word.message}` : undefined;
}
