import { CollectiveError } from '../../base/index.js';
import type { KnownTrees } from './known-trees.js';
import {
  FilesServiceDefinition,
  type ForwardResponse,
  MemberFilesServiceDefinition,
  type RpcCall,
  type RpcChannel,
} from '../../transport/index.js';

const FILES = `/${FilesServiceDefinition.fullName}/`;
const { forward } = MemberFilesServiceDefinition.methods;
const FORWARD = `/${MemberFilesServiceDefinition.fullName}/${forward.name}`;

/**
 * A way to another member's FilesService, through the own coordinator. Calls go out and come back as they would on a channel to
 * it; closing it leaves the channel below open. `known` is told where the own coordinator has answered for one that is away. Errors:
 * those of the owner and of the own coordinator.
 */
export function memberChannel(
  channel: RpcChannel,
  member: string,
  known: Pick<KnownTrees, 'answered' | 'failed'> = TOLD_TO_NOBODY,
): RpcChannel {
  const calls = new Set<RpcCall>();
  const received = async (call: RpcCall): Promise<Uint8Array | undefined> => {
    try {
      return await call.receive();
    } catch (error) {
      throw known.failed(error);
    }
  };
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
          const answer = await received(call);
          if (answer === undefined) {
            calls.delete(forwarded);
            return undefined;
          }
          const { response, known: asOf } = responseIn(answer);
          if (asOf !== undefined) known.answered(asOf);
          return response;
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

const TOLD_TO_NOBODY: Pick<KnownTrees, 'answered' | 'failed'> = { answered: () => undefined, failed: (error) => error };

function responseIn(bytes: Uint8Array): ForwardResponse {
  try {
    return forward.responseType.decode(bytes);
  } catch (error) {
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator passed on an answer that cannot be read.', {
      next: 'Use the same version of Collective at both ends.',
      cause: error,
    });
  }
}
