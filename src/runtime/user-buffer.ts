import type { TLSSocket } from 'node:tls';

/** As much as TLS decrypts at once. */
const BUFFER_BYTES = 16 * 1024;

export type Receive = (bytes: Uint8Array) => boolean;

export interface UserBuffer {
  readonly buffer: Uint8Array;
  readonly callback: (length: number) => boolean;
}

/** One buffer that a socket reads into again and again; `receive` sees views of it. Public option of tls.connect. */
export function userBuffer(receive: Receive): UserBuffer {
  const buffer = new Uint8Array(BUFFER_BYTES);
  return { buffer, callback: (length) => receive(length === buffer.length ? buffer : buffer.subarray(0, length)) };
}

/**
 * Gives an accepted socket what only a dialled one can ask for in public (`onread`): Node keeps buffer and callback under
 * private symbols, and its handle has `useUserBuffer`. False, with nothing changed, where this Node looks different.
 */
export function installUserBuffer(socket: TLSSocket, receive: Receive): boolean {
  const symbols = Object.getOwnPropertySymbols(socket);
  const bufferSymbol = symbols.find((symbol) => symbol.description === 'kBuffer');
  const callbackSymbol = symbols.find((symbol) => symbol.description === 'kBufferCb');
  const handle: unknown = Reflect.get(socket, '_handle');
  if (bufferSymbol === undefined || callbackSymbol === undefined || typeof handle !== 'object' || handle === null) return false;
  if (Reflect.get(socket, bufferSymbol) !== null || socket.readableLength > 0) return false;
  const useUserBuffer: unknown = Reflect.get(handle, 'useUserBuffer');
  if (typeof useUserBuffer !== 'function') return false;
  const own = userBuffer(receive);
  Reflect.set(socket, bufferSymbol, own.buffer);
  Reflect.set(socket, callbackSymbol, own.callback);
  Reflect.apply(useUserBuffer, handle, [own.buffer]);
  return true;
}
