import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createLogger, type LoggerOptions, silentLogger } from './log.ts';

function loggerInto(lines: string[], options: Partial<LoggerOptions> = {}) {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const now = () => new Date('2026-01-31T12:00:00Z');
  return createLogger({ level: 'info', format: 'text', stream, now, ...options });
}

test('a text line holds time, level, message and facts', () => {
  const lines: string[] = [];
  loggerInto(lines).warn('client gone', { clientId: 'a b', packets: 3, note: undefined, empty: '' });
  assert.deepEqual(lines, ['2026-01-31T12:00:00.000Z warn  client gone clientId="a b" packets=3 empty=""\n']);
});

test('a JSON line is one object, and no fact replaces its time, level or message', () => {
  const lines: string[] = [];
  loggerInto(lines, { format: 'json' }).error('failed', { level: 'x', message: 'y', size: 5n });
  assert.deepEqual(JSON.parse(lines[0]!), {
    time: '2026-01-31T12:00:00.000Z',
    level: 'error',
    message: 'failed',
    size: '5',
  });
});

test('a level lets through itself and what is graver', () => {
  const levels = ['silent', 'error', 'warn', 'info', 'debug'] as const;
  const counts = levels.map((level) => {
    const lines: string[] = [];
    const log = loggerInto(lines, { level });
    log.error('m');
    log.warn('m');
    log.info('m');
    log.debug('m');
    assert.equal(log.isEnabled('warn'), lines.length >= 2);
    return lines.length;
  });
  assert.deepEqual(counts, [0, 1, 2, 3, 4]);
});

test('a line below the level is not formatted', () => {
  const lines: string[] = [];
  const trap = {
    get clientId(): string {
      throw new Error('formatted');
    },
  };
  loggerInto(lines, { level: 'warn' }).info('m', trap);
  assert.deepEqual(lines, []);
});

test('what a client sends can neither forge a line nor drive a terminal', () => {
  for (const format of ['text', 'json'] as const) {
    const lines: string[] = [];
    loggerInto(lines, { format }).info('bad\nmessage', {
      clientId: 'x\n2026 error forged',
      raw: '\u001b[2J\u009b1m\u202e',
    });
    assert.equal(lines.length, 1);
    assert.equal(lines[0]!.indexOf('\n'), lines[0]!.length - 1);
    assert.ok(!lines[0]!.includes('\u001b'));
    if (format === 'text') assert.match(lines[0]!, /^[\x20-\x7e]+\n$/);
  }
});

test('an error is told with its code and message, in JSON with its stack and cause', () => {
  const lines: string[] = [];
  const error = Object.assign(new Error('no room', { cause: new Error('disk full') }), { code: 'E_STORE' });
  loggerInto(lines).error('m', { error });
  loggerInto(lines, { format: 'json' }).error('m', { error });
  assert.match(lines[0]!, /error="E_STORE: no room"/);
  const logged = JSON.parse(lines[1]!).error;
  assert.equal(logged.code, 'E_STORE');
  assert.equal(logged.cause.message, 'disk full');
  assert.match(logged.stack, /log\.test/);
});

test('facts that refer to themselves are logged without breaking the line', () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const lines: string[] = [];
  loggerInto(lines).info('m', { loop });
  loggerInto(lines, { format: 'json' }).info('m', { loop });
  assert.match(lines[0]!, /loop="<ref/);
  assert.match(JSON.parse(lines[1]!).unloggable, /circular/);
});

test('lines that nobody reads are dropped and counted instead of filling memory', () => {
  const written: string[] = [];
  const stuck = { writableLength: 2 ** 21, write: (line: string) => written.push(line) };
  const log = loggerInto([], { stream: stuck as unknown as NodeJS.WritableStream });
  log.info('lost');
  log.info('lost');
  stuck.writableLength = 0;
  log.info('seen');
  assert.equal(written.length, 2);
  assert.match(written[0]!, /dropped=2/);
  assert.match(written[1]!, /seen/);
});

test('the silent logger is enabled for nothing', () => {
  assert.equal(silentLogger.isEnabled('error'), false);
});
