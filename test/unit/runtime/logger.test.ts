import { describe, expect, it } from 'vitest';
import { CollectiveError } from '../../../src/base/index.js';
import { createLogger, type LoggerOptions } from '../../../src/runtime/index.js';
import type { Logger } from '../../../src/ports/index.js';

const logged = async (write: (logger: Logger) => void, options: LoggerOptions = {}): Promise<string> => {
  let text = '';
  const destination = {
    write: (line: string): void => {
      text += line;
    },
  };
  write(await createLogger({ format: 'json', ...options, destination }));
  return text;
};

const parsed = async (write: (logger: Logger) => void, options: LoggerOptions = {}): Promise<unknown> =>
  JSON.parse(await logged(write, options));

describe('the logger', () => {
  it('writes one JSON object a line, with level, time, message and fields', async () => {
    const line = await parsed((logger) => logger.info('chunk stored', { bytes: 5 }), { fields: { role: 'node' } });
    expect(line).toMatchObject({ level: 'info', message: 'chunk stored', bytes: 5, role: 'node', pid: process.pid });
    expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/));
  });

  it('a child adds its fields to every line', async () => {
    const line = await parsed((logger) => logger.child({ requestId: 'r1' }).child({ node: 'n1' }).warn('slow'));
    expect(line).toMatchObject({ level: 'warn', requestId: 'r1', node: 'n1' });
  });

  it('says nothing below its level', async () => {
    const write = (logger: Logger): void => {
      logger.debug('one');
      logger.info('two');
      logger.warn('three');
      logger.error('four');
    };
    expect((await logged(write, { level: 'warn' })).trim().split('\n')).toHaveLength(2);
    expect(await logged(write, { level: 'silent' })).toBe('');
  });

  it.each(['secret', 'invite', 'privateKey', 'passphrase', 'ticket', 'authorization'])(
    'never writes the value of a field named %s',
    async (name) => {
      const fields = { [name]: 'hunter2', outer: { [name]: 'hunter2', inner: { [name]: 'hunter2' } } };
      const text = await logged((logger) => logger.child(fields).error('refused', fields));
      expect(text).toContain('[redacted]');
      expect(text).not.toContain('hunter2');
    },
  );

  it('writes an error with its code, what to do next, and its causes', async () => {
    const cause = new Error('inner');
    const error = new CollectiveError('NODE_FULL', 'No room.', { next: 'Add a disk.', details: { node: 'n1' }, cause });
    expect(await parsed((logger) => logger.error('put failed', { error }))).toMatchObject({
      error: {
        name: 'CollectiveError',
        code: 'NODE_FULL',
        message: 'No room.',
        next: 'Add a disk.',
        details: { node: 'n1' },
        cause: { message: 'inner' },
      },
    });
  });

  it('an error that is its own cause ends', async () => {
    const error = new Error('round');
    error.cause = error;
    expect(await parsed((logger) => logger.error('failed', { error }))).toMatchObject({ error: { cause: { message: 'round' } } });
  });

  it('pretty output is text with message and fields, secrets out', async () => {
    const text = await logged((logger) => logger.info('joined', { node: 'n1', invite: 'hunter2' }), { format: 'pretty' });
    expect(text).toMatch(/INFO.*joined/);
    expect(text).toMatch(/node: "n1"/);
    expect(text).not.toContain('hunter2');
  });
});
