import { describe, expect, it } from 'vitest';
import { describePeer, formatPeerUri, parsePeerUri, type PeerName } from '../../../src/identity/index.js';
import type { MemberId } from '../../../src/base/index.js';
import { CLIENT_ID, NODE_ID } from './support.js';

const memberId = `${'m'.repeat(51)}a` as MemberId;
const names: readonly PeerName[] = [
  { role: 'coordinator', memberId },
  { role: 'node', memberId, nodeId: NODE_ID },
  { role: 'client', memberId, clientId: CLIENT_ID },
];

describe('names in certificates', () => {
  it('every name is read back from its URI', () => {
    for (const name of names) expect(parsePeerUri(formatPeerUri(name))).toEqual(name);
    expect(names.map(formatPeerUri)).toEqual([
      `collective://${memberId}/coordinator`,
      `collective://${memberId}/node/${NODE_ID}`,
      `collective://${memberId}/client/${CLIENT_ID}`,
    ]);
    expect(describePeer({ role: 'node', memberId, nodeId: NODE_ID })).toBe(`node ${NODE_ID} of member mmmmmmmm`);
  });

  it('anything that is not exactly such a URI is no name', () => {
    const wrong = [
      '',
      'https://example.org/',
      `collective://${memberId}`,
      `collective://${memberId}/coordinator/`,
      `collective://${memberId}/coordinator/${NODE_ID}`,
      `collective://${memberId}/node`,
      `collective://${memberId}/node/`,
      `collective://${memberId}/node/../..`,
      `collective://${memberId}/admin/${NODE_ID}`,
      `collective://${memberId}/node/${NODE_ID}\n`,
      `collective://${memberId}/node/${NODE_ID}?x`,
      `collective://${memberId.toUpperCase()}/coordinator`,
      `collective://${'m'.repeat(52)}/coordinator`,
      `Collective://${memberId}/coordinator`,
      ` collective://${memberId}/coordinator`,
    ];
    for (const uri of wrong) expect(parsePeerUri(uri)).toBeUndefined();
  });
});
