import { describe, expect, it } from 'vitest';
import {
  advertisedEndpoints,
  advertisedHosts,
  endpointsForOthers,
  formatAddress,
  parseAddress,
} from '../../../src/cli/compose/data-folders.js';

describe('an address to listen on', () => {
  it.each([
    ['127.0.0.1:7420', { host: '127.0.0.1', port: 7420 }],
    [':7420', { host: '0.0.0.0', port: 7420 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['storage.example.org:65535', { host: 'storage.example.org', port: 65_535 }],
  ])('is read from %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  it.each(['', '7420', '1.2.3.4', '1.2.3.4:0', '1.2.3.4:65536', 'a b:1', '::1:80', 'x:'])('is not %j', (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('what others are told', () => {
  it('is what was asked for, else the address that is listened on, else those of this machine', () => {
    const any = { host: '0.0.0.0', port: 1 };
    expect(advertisedHosts(any, ['home.example.org'])).toEqual(['home.example.org']);
    expect(advertisedHosts({ host: '10.0.0.5', port: 1 }, [])).toEqual(['10.0.0.5']);
    expect(advertisedHosts(any, [])).toContain('127.0.0.1');
  });

  it('has the port that is listened on unless another is given', () => {
    const listen = { host: '0.0.0.0', port: 7430 };
    expect(advertisedEndpoints(listen, ['a.example.org', 'b.example.org:9', '[::1]:5'])).toEqual([
      'a.example.org:7430',
      'b.example.org:9',
      '[::1]:5',
    ]);
  });
});

describe('what other members are told', () => {
  it('is without addresses that lead them to themselves, unless there are no others', () => {
    expect(endpointsForOthers(['198.51.100.1:7422', '127.0.0.1:7422', '[::1]:7422', 'localhost:7422'])).toEqual([
      '198.51.100.1:7422',
    ]);
    expect(endpointsForOthers(['127.0.0.1:7422'])).toEqual(['127.0.0.1:7422']);
    expect(endpointsForOthers(['127-0.example.org:7422'])).toEqual(['127-0.example.org:7422']);
  });
});
