import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import { Secret } from '../../contracts/secret.ts';
import { createLog, type LogOptions } from './log.ts';

function capture(options: Partial<LogOptions> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    write: (line) => lines.push(line),
    now: () => Date.UTC(2026, 10, 22, 9, 5, 7),
    ...options,
  });
  return { log, lines };
}

test('a line says when, how bad, what, and its values', () => {
  const { log, lines } = capture();
  log.info('server ready', { server: 'files', tools: 12, name: 'two words', missing: undefined, ok: true, none: null });
  assert.deepEqual(lines, ['09:05:07 INFO  server ready server=files tools=12 name="two words" ok=true none=null']);
});

test('what is below the level is not written, and the level may change while running', () => {
  let level: 'warn' | 'debug' = 'warn';
  const { log, lines } = capture({ level: () => level });
  log.info('a');
  level = 'debug';
  log.debug('b');
  assert.deepEqual(lines, ['09:05:07 DEBUG b']);
});

test('nothing in a message, a name or a value can begin a new line or reorder the screen', () => {
  for (const json of [false, true]) {
    const { log, lines } = capture({ json });
    log.warn('a\r\n09:05:07 ERROR forged', { 'k\n': 'v\n\u001b[31m\u0085\u2028', bidi: '\u202eabc', '"': '" b="c' });
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0] ?? '', /[\r\n]/);
    if (!json) {
      assert.doesNotMatch(lines[0] ?? '', /[\u0000-\u001f\u0085\u2028\u202e]/);
      assert.match(
        lines[0] ?? '',
        /^09:05:07 WARN {2}a\\r\\n09:05:07 ERROR forged k\\n="v\\n\\u001b\[31m\\u0085\\u2028"/,
      );
      assert.match(lines[0] ?? '', /"\\" b=\\"c"$/);
    }
  }
});

test('a secret is never shown, neither as a value, nor inside one, nor a key of ours in foreign text', () => {
  const key = `pck_${'x'.repeat(43)}`;
  const { log, lines } = capture();
  log.error(`stderr: ${key}`, {
    token: new Secret('s3cret'),
    nested: { headers: { authorization: new Secret('s3cret') } },
    error: new Error(`refused ${key}`),
  });
  assert.doesNotMatch(lines.join(), /s3cret|xxxx/);
  assert.match(lines.join(), /token="\[redacted\]"/);
});

test('an error shows message, code and causes; its stack only at debug', () => {
  const error = new GatewayError('upstream_failed', 'no JSON', {
    cause: Object.assign(new Error('bad byte'), { code: 'E1' }),
  });
  const { log, lines } = capture();
  log.error('failed', { error });
  assert.equal(
    lines[0],
    '09:05:07 ERROR failed error="The server gave no valid answer: no JSON (upstream_failed): bad byte (E1)"',
  );
  const verbose = capture({ level: 'debug' });
  verbose.log.error('failed', { error });
  assert.match(verbose.lines[0] ?? '', /log\.test\.ts/);
});

test('values are bounded, and such as cannot be shown do not break the caller', () => {
  const { log, lines } = capture();
  const loop: { self?: unknown } = {};
  loop.self = loop;
  log.info('m'.repeat(1e6), { long: 'v'.repeat(1e6), loop, big: 10n, nan: Number.NaN, f: () => 1, s: Symbol('x') });
  assert.ok((lines[0] ?? '').length < 5_000);
  log.info('x', {
    get trap(): string {
      throw new Error('no');
    },
  });
  capture({
    write: () => {
      throw new Error('EPIPE');
    },
  }).log.info('x');
});

test('as JSON a line is one object in which no field can pose as ours', () => {
  const { log, lines } = capture({ json: true });
  log.info('hello', { level: 'error', message: 'forged', server: 'a' });
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    time: '2026-11-22T09:05:07.000Z',
    level: 'info',
    message: 'hello',
    level_: 'error',
    message_: 'forged',
    server: 'a',
  });
});
