import { isCollectiveError } from '../../base/index.js';
import type { OpenOptions, RpcCall, RpcChannel } from '../rpc/channel.js';
import type { CertificateKeeper } from './certificate-keeper.js';

/**
 * A channel whose calls never begin with a certificate that is due: it is renewed before. A renewal that fails is only told, as
 * long as the certificate is good. `onUsed` is called before each call.
 */
export function renewingChannel(channel: RpcChannel, keeper: CertificateKeeper, onUsed: () => void): RpcChannel {
  return {
    async open(path: string, options: OpenOptions): Promise<RpcCall> {
      if (keeper.due) await keeper.refresh(options.signal);
      if (keeper.hopeless !== undefined) throw keeper.hopeless;
      onUsed();
      try {
        return await channel.open(path, options);
      } catch (error) {
        // Nothing was sent yet: the other end's certificate, or the own one, was found wanting.
        if (!isCollectiveError(error) || error.code !== 'CERTIFICATE_INVALID') throw error;
        if (!(await keeper.refresh(options.signal))) throw error;
        return channel.open(path, options);
      }
    },
    close: () => channel.close(),
  };
}
