import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accept, fromHex } from '../../../src/base/index.js';
import { EVENT_SHAPES } from '../../../src/events/codec/shapes/index.js';
import { eventCodec, verifyBlock, type CollectiveEvent } from '../../../src/events/index.js';
import { NodeSignatureVerifier } from '../../../src/runtime/index.js';
import { makeGolden, type Golden } from '../../fixtures/events/golden.js';
import { samples } from '../../fixtures/events/samples.js';
import { expectationAt, firstPlace } from '../../support/blocks.js';
import { hasher } from '../../support/events.js';

const golden = JSON.parse(readFileSync(new URL('../../fixtures/events/golden.json', import.meta.url), 'utf8')) as Golden;
const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();
const sampleOf = (type: string, index: number): CollectiveEvent | undefined =>
  (Object.entries(samples).find(([name]) => name === type)?.[1] as readonly CollectiveEvent[] | undefined)?.[index];

describe('bytes that logs on disks hold', () => {
  it.each(Object.entries(golden.payloads))('%s is read as it was meant', (name, hex) => {
    const [type = '', version, index] = name.split('/');
    expect(accept(eventCodec.decode(type, Number(version), bytesOf(hex)))).toEqual(sampleOf(type, Number(index)));
  });

  it('are there for every version of every type', () => {
    const versions = Object.entries(EVENT_SHAPES).flatMap(([type, { version }]) =>
      Array.from({ length: version }, (_, index) => `${type}/${index + 1}/0`),
    );
    expect(Object.keys(golden.payloads)).toEqual(expect.arrayContaining(versions));
  });

  it('are what is written today', () => {
    const { payloads, ...rest } = makeGolden();
    expect(golden.payloads).toMatchObject(payloads);
    expect(golden).toMatchObject(rest);
  });

  it('make a block that verifies', () => {
    const block = accept(
      verifyBlock(bytesOf(golden.block), expectationAt(firstPlace(1)), { hasher, verifier: new NodeSignatureVerifier() }),
    );
    expect(block.events.map(({ envelope }) => envelope.type)).toEqual(['NodeRegistered', 'DirectoryCreated']);
  });
});
