import { LIMITS } from '../base/index.js';

/** `host:port`: a name or IPv4 address, or an IPv6 address in brackets; printable ASCII, at most 255 characters. */
export function isEndpoint(text: string): boolean {
  const match = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.%a-z]+\]):([1-9][0-9]{0,4})$/.exec(text);
  return match !== null && Number(match[1]) <= 65_535 && text.length <= LIMITS.endpointBytes;
}
