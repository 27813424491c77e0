import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS, type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import { renderOpenaiError } from './render-error.ts';

test("every error has OpenAI's members, the catalogue's status and our own code", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { status, body } = renderOpenaiError(new GatewayError(code), 'id-1');
    const { error } = JSON.parse(body) as { readonly error: { readonly [member: string]: unknown } };
    assert.equal(status, ERRORS[code].httpStatus);
    assert.deepEqual([error.gateway_code, error.request_id, error.param], [code, 'id-1', null]);
    for (const member of ['message', 'type', 'code']) assert.equal(typeof error[member], 'string', code);
  }
});

test('attempts are told without the names of our keys', () => {
  const attempt = {
    provider: 'p',
    model: 'm',
    key: 'key-of-ours',
    failure: 'timeout',
    status: undefined,
    durationMs: 1.6,
  };
  const failed = new GatewayError('provider_timeout', undefined, { data: { provider: 'p', attempts: [attempt] } });
  const { error } = JSON.parse(renderOpenaiError(failed, 'i').body) as {
    error: { provider: string; attempts: unknown };
  };
  assert.equal(error.provider, 'p');
  assert.deepEqual(error.attempts, [{ provider: 'p', model: 'm', failure: 'timeout', duration_ms: 2 }]);
});
