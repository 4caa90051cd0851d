import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRules } from './rules/counts.js';
import { idRules } from './rules/ids.js';
import { numberRules } from './rules/numbers.js';
import { pathRules } from './rules/paths.js';
import { sessionRules } from './rules/sessions.js';
import { wireRules } from './rules/wire.js';
import { Besieged } from './support/besieged.js';

const signal = new AbortController().signal;
const at = new Besieged();

beforeAll(() => at.begin());

afterAll(() => at.world.stop());

pathRules(at);
idRules(at);
countRules(at);
numberRules(at);
sessionRules(at);
wireRules(at);

describe('afterwards', () => {
  it('the coordinator answers, its log replays to the same views, and there was no fault', async () => {
    const status = await at.client.admin.getStatus({}, { signal });
    expect(status.memberName).toBe('alice');
    expect(at.world.refusals.faults).toEqual([]);
    const different: string[] = [];
    for await (const { views } of at.client.admin.replayLog({}, { signal })) {
      different.push(...views.filter(({ equal }) => !equal).map(({ name }) => name));
    }
    expect(different).toEqual([]);
  });
});
