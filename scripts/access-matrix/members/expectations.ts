import { closed, type Expected, expectedOf, type Operation, told } from '../expectations.js';
import { DATA_OPERATIONS, INTENDED, type Port } from '../rpcs.js';
import type { Credential, Member } from './people.js';

/** Whether `owner` has admitted that person and neither suspended nor removed them. */
export type Admits = (owner: Member, person: Credential['named']) => boolean;

const OTHER_CA = closed({ code: 'CERTIFICATE_INVALID', says: /was issued by another CA/ });
const NOT_ADMITTED = closed({ code: 'PERMISSION_DENIED', says: /is not admitted (here|by the coordinator that was called)/ });
/** A coordinator that was admitted once is told how its member stands. */
const PARTED = closed({
  code: 'NOT_ADMITTED',
  says: /is not admitted by the coordinator that was called: it is (suspended|removed) there/,
});
const OTHER_NAME = closed({ code: 'CERTIFICATE_INVALID', says: /names member .* cannot speak/ });
const NO_HTTP2 = closed({ code: 'PROTOCOL_ERROR', says: /does not speak HTTP\/2/ });

/** What the rules of the security model say of a certificate that is good in itself, at a port of `owner`. */
export function expectedAt(owner: Member, port: Port, credential: Credential, operation: Operation, admits: Admits): Expected {
  const { issuer, named, role } = credential;
  const honest = issuer === named;
  if (port === 'data') return atDataPort(owner, credential, operation, admits);
  // Whoever comes without HTTP/2 is not looked at any further.
  if (operation.kind === 'data') return NO_HTTP2;
  if (port === 'enrolment') return expectedOf(port, { fault: undefined, role }, operation);
  if (port === 'peer') {
    if (named === owner || !admits(owner, named)) {
      return honest && role === 'coordinator' && named !== owner && named !== 'erin' ? PARTED : NOT_ADMITTED;
    }
    if (!honest) return OTHER_CA;
    if (role !== 'coordinator') return closed({ code: 'PERMISSION_DENIED', says: new RegExp(`not open to a ${role}`) });
    const intent = INTENDED[operation.name];
    return intent?.port === 'peer' ? { kind: 'passes', code: intent.answer } : UNKNOWN_CALL;
  }
  if (issuer !== owner) return OTHER_CA;
  return named === owner ? expectedOf(port, { fault: undefined, role }, operation) : OTHER_NAME;
}

const UNKNOWN_CALL = told({ code: 'UNIMPLEMENTED', says: /does not implement the method .*/ });

/** Clients of admitted members, and nodes that come to fetch, are let in to show a ticket; those here are all for the owner's own client. */
function atDataPort(owner: Member, credential: Credential, operation: Operation, admits: Admits): Expected {
  const { issuer, named, role } = credential;
  if (named !== owner && !admits(owner, named)) return NOT_ADMITTED;
  if (issuer !== named) return OTHER_CA;
  if (role === 'coordinator') return closed({ code: 'PERMISSION_DENIED', says: new RegExp(`not open to a ${role}`) });
  if (operation.kind !== 'data') return expectedOf('data', { fault: undefined, role }, operation);
  if (operation.name === 'hello' || (named === owner && role === 'client'))
    return { kind: 'passes', code: DATA_OPERATIONS[operation.name] };
  return told({ code: 'TICKET_INVALID', says: /given to another client|another member|bound/ });
}
