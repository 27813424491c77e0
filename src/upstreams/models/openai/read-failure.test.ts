import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderFailureKind } from '../../../contracts/models.ts';
import { failureOf } from '../classify-status.ts';
import { failureIn, readErrorBody } from './read-failure.ts';

test('what an error says goes before what its status says', () => {
  const table: readonly [status: number, body: unknown, kind: ProviderFailureKind][] = [
    [400, { error: { message: 'x', code: 'context_length_exceeded' } }, 'context-too-long'],
    [
      400,
      { error: { message: "This model's maximum context length is 8 tokens", type: 'invalid_request_error' } },
      'context-too-long',
    ],
    [400, { object: 'error', message: 'prompt is too long: maximum context length is 8' }, 'context-too-long'],
    [429, { error: { message: 'x', type: 'insufficient_quota', code: 'insufficient_quota' } }, 'quota-exceeded'],
    [429, { error: { message: 'context window', type: 'requests', code: 'rate_limit_exceeded' } }, 'rate-limited'],
    [404, { error: { message: 'x', code: 'DeploymentNotFound' } }, 'unknown-model'],
    [400, { error: { message: 'x', code: 'content_filter', innererror: {} } }, 'content-filtered'],
    [400, { error: { message: 'x', code: 'invalid_api_key' } }, 'unauthorized'],
    [422, { detail: [{ loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }] }, 'invalid-request'],
    [503, { error: { message: 'overloaded', type: 'server_error' } }, 'overloaded'],
    [500, 'boom', 'server-error'],
    [500, [{ error: { message: 'x', code: 500 } }], 'server-error'],
  ];
  for (const [status, body, kind] of table)
    assert.equal(failureOf({ status, headers: {} }, readErrorBody(body, status), []).kind, kind, JSON.stringify(body));
});

test('an error under a status of success is judged by the code it holds', () => {
  assert.equal(failureIn({ message: 'slow down', code: 429 }, []).kind, 'rate-limited');
  assert.equal(failureIn({ message: 'gone' }, []).kind, 'server-error');
  assert.equal(failureIn('gone', []).kind, 'server-error');
});

test('the words of an error are shown where the request is at fault, without our key', () => {
  const body = readErrorBody({ error: { message: 'bad seed for sk-12345678' } }, 400);
  assert.equal(failureOf({ status: 400, headers: {} }, body, ['sk-12345678']).publicText, 'bad seed for [redacted]');
});
