import pLimit from 'p-limit';
import type { Attempt } from '../../../test/integration/access/support/raw-rpc.js';
import type { Refusal } from '../../../test/integration/access/support/refusals.js';
import { type MembersWorld, startMembers } from '../../../test/integration/access/support/members-world.js';
import { attempt } from '../attempts.js';
import { faultOf, OPERATIONS } from '../cells.js';
import type { Expected, Operation } from '../expectations.js';
import { Goods } from '../goods.js';
import { type Port, PORTS } from '../rpcs.js';
import { type Admits, expectedAt } from './expectations.js';
import { type Credential, makeCredentials, type Member, MEMBERS } from './people.js';

/** One port of one member, one credential, one operation: what was meant and what happened. */
export interface MemberCell {
  readonly owner: Member;
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

export interface MembersMatrix {
  readonly credentials: readonly Credential[];
  /** While all have admitted each other; and after alice has suspended bob, and bob has removed carol. */
  readonly together: readonly MemberCell[];
  readonly parted: readonly MemberCell[];
  readonly faults: readonly string[];
}

const AT_ONCE = 8;

/** Every operation; or one of each that is answered alike, and all that members may do with each other. */
export type Extent = 'whole' | 'short';

/** Every role of every member by every member's CA, at every port of every member, all of them real processes. */
export async function runMembersMatrix(extent: Extent): Promise<MembersMatrix> {
  const world = await startMembers();
  try {
    const goods = {
      alice: await Goods.store(world.alice),
      bob: await Goods.store(world.bob),
      carol: await Goods.store(world.carol),
    };
    const credentials = await makeCredentials({
      alice: identityOf(world, 'alice'),
      bob: identityOf(world, 'bob'),
      carol: identityOf(world, 'carol'),
    });
    const tried = new Trial(world, goods, credentials, extent);
    const together = await tried.all((owner, person) => person !== 'erin' && person !== owner);
    await world.part();
    const parted = await tried.all(
      (owner, person) =>
        person !== 'erin' &&
        person !== owner &&
        !(owner === 'alice' && person === 'bob') &&
        !(owner === 'bob' && person === 'carol'),
    );
    const faults = MEMBERS.flatMap((name) =>
      world[name].refusals.faults.map(({ message, fields }) => `${name}: ${message} ${JSON.stringify(fields)}`),
    );
    return { credentials, together, parted, faults };
  } finally {
    await world.stop();
  }
}

const identityOf = (world: MembersWorld, name: Member) => {
  const { founded, client } = world[name];
  return { ...founded.material, client: client.own };
};

class Trial {
  readonly #world: MembersWorld;
  readonly #goods: Readonly<Record<Member, Goods>>;
  readonly #credentials: readonly Credential[];
  readonly #extent: Extent;

  constructor(world: MembersWorld, goods: Readonly<Record<Member, Goods>>, credentials: readonly Credential[], extent: Extent) {
    this.#world = world;
    this.#goods = goods;
    this.#credentials = credentials;
    this.#extent = extent;
  }

  all(admits: Admits): Promise<MemberCell[]> {
    const limit = pLimit(AT_ONCE);
    return Promise.all(
      MEMBERS.flatMap((owner) =>
        PORTS.flatMap((port) =>
          this.#credentials.flatMap((credential) =>
            this.#operations(owner, port, credential, admits).map((operation) =>
              limit(() => this.#cell(owner, port, credential, operation, admits)),
            ),
          ),
        ),
      ),
    );
  }

  #operations(owner: Member, port: Port, credential: Credential, admits: Admits): readonly Operation[] {
    if (this.#extent === 'whole') return OPERATIONS;
    const seen = new Set<string>();
    const usual = OPERATIONS.filter(({ kind }) => (kind === 'data') === (port === 'data'));
    return usual.filter((operation) => {
      const { kind } = expectedAt(owner, port, credential, operation, admits);
      if (kind === 'passes' && (port === 'peer' || port === 'data')) return true;
      if (seen.has(kind)) return false;
      seen.add(kind);
      return true;
    });
  }

  async #cell(owner: Member, port: Port, credential: Credential, operation: Operation, admits: Admits): Promise<MemberCell> {
    const world = this.#world[owner];
    const goods = this.#goods[owner];
    const number = { home: world.homePort, enrolment: world.enrolmentPort, peer: world.peerPort, data: goods.dataPort }[port];
    const expected = expectedAt(owner, port, credential, operation, admits);
    let told = 0;
    const attempted = await attempt(number, credential.shown, operation, goods, (localPort) => {
      told = world.refusals.told(localPort);
    });
    const closed = expected.kind === 'closed' && attempted.kind === 'cut';
    const refusal = closed ? await world.refusals.of(attempted.localPort, told) : undefined;
    const wrong = faultOf(expected, attempted, refusal, operation);
    return { owner, port, credential, operation, expected, attempt: attempted, refusal, wrong };
  }
}
