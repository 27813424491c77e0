import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Secret } from '../../contracts/secret.ts';
import { createRateBound } from './rate-bound.ts';
import { createRedact, toPrintable } from './redact.ts';
import { decideEnvironment } from './server-environment.ts';

describe('the environment of a started server', () => {
  it('is a small part of ours and what is configured, which wins', () => {
    const base = { PATH: '/bin', HOME: '/home/a', AWS_SECRET: 'x', SHELL: '() { :; }', LANG: undefined };
    const configured = { HOME: new Secret('/srv'), TOKEN: new Secret('t') };
    assert.deepEqual(decideEnvironment(base, configured, 'linux'), { PATH: '/bin', HOME: '/srv', TOKEN: 't' });
  });

  it('knows the names of Windows, in any case', () => {
    const base = { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', HOME: 'x' };
    assert.deepEqual(decideEnvironment(base, {}, 'win32'), { Path: 'C:\\bin', SystemRoot: 'C:\\Windows' });
  });
});

describe('what a server says, on its way to our log', () => {
  it('loses our secrets, also without their scheme, but not every 1', () => {
    const redact = createRedact({ a: new Secret('Bearer abc-def-ghi'), b: new Secret('1') });
    assert.equal(redact('got Bearer abc-def-ghi and abc-def-ghi and 1'), 'got [redacted] and [redacted] and 1');
  });

  it('becomes one line without control characters, within its bound', () => {
    assert.equal(toPrintable('\u001b[31mred\u001b[0m\r\n\u0007next\u009b', 100), 'red next');
    assert.equal(toPrintable('x'.repeat(50), 10), `${'x'.repeat(9)}…`);
  });

  it('passes so often per window and no more, and what was missed is counted', () => {
    let at = 0;
    const bound = createRateBound(2, 100, () => at);
    assert.deepEqual(
      [bound.admit().pass, bound.admit().pass, bound.admit().pass, bound.admit().pass],
      [true, true, false, false],
    );
    at = 100;
    assert.deepEqual(bound.admit(), { pass: true, missed: 2 });
    assert.deepEqual(bound.admit(), { pass: true, missed: 0 });
  });
});
