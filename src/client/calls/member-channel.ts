import { CollectiveError } from '../../base/index.js';
import { FilesServiceDefinition, MemberFilesServiceDefinition, type RpcCall, type RpcChannel } from '../../transport/index.js';

const FILES = `/${FilesServiceDefinition.fullName}/`;
const { forward } = MemberFilesServiceDefinition.methods;
const FORWARD = `/${MemberFilesServiceDefinition.fullName}/${forward.name}`;

/**
 * A way to another member's FilesService, through the own coordinator. Calls go out and come back as they would on a channel to
 * it; closing it leaves the channel below open. Errors: those of the owner and of the own coordinator.
 */
export function memberChannel(channel: RpcChannel, member: string): RpcChannel {
  const calls = new Set<RpcCall>();
  return {
    async open(path, options) {
      if (!path.startsWith(FILES)) throw new CollectiveError('UNSUPPORTED', `${path} is not asked of other members.`);
      const method = path.slice(FILES.length);
      const call = await channel.open(FORWARD, options);
      const forwarded: RpcCall = {
        send: (request) => call.send(forward.requestType.encode({ member, method, request }).finish()),
        endRequests: () => {
          call.endRequests();
        },
        async receive() {
          const answer = await call.receive();
          if (answer === undefined) calls.delete(forwarded);
          return answer === undefined ? undefined : responseIn(answer);
        },
        cancel: () => {
          calls.delete(forwarded);
          call.cancel();
        },
      };
      calls.add(forwarded);
      return forwarded;
    },
    close: () => {
      for (const call of calls) call.cancel();
    },
  };
}

function responseIn(bytes: Uint8Array): Uint8Array {
  try {
    return forward.responseType.decode(bytes).response;
  } catch (error) {
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator passed on an answer that cannot be read.', {
      next: 'Use the same version of Collective at both ends.',
      cause: error,
    });
  }
}
