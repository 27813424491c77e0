import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS, type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import { renderRpcError } from './render-error.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

test('the modern era gets the status and code of the catalogue, with id and data', () => {
  for (const code of CODES) {
    const { status, body } = renderRpcError('"7"', new GatewayError(code, 'why', { data: { a: 1 } }), 'modern');
    assert.equal(status, ERRORS[code].httpStatus);
    assert.deepEqual(JSON.parse(body), {
      jsonrpc: '2.0',
      id: '7',
      error: { code: ERRORS[code].rpcCode, message: `${ERRORS[code].text}: why`, data: { a: 1 } },
    });
  }
});

test('the legacy era never sees the codes by which a server proves to be modern', () => {
  for (const code of CODES) {
    const rendered = JSON.parse(renderRpcError('1', new GatewayError(code), 'legacy').body);
    assert.ok(rendered.error.code > -32020 || rendered.error.code < -32099, code);
  }
  const missing = renderRpcError('1', new GatewayError('unknown_resource'), 'legacy');
  assert.deepEqual([missing.status, JSON.parse(missing.body).error.code], [200, -32002]);
});

test('in the legacy era only the transport answers with an HTTP error', () => {
  const statusOf = (code: ErrorCode) => renderRpcError('1', new GatewayError(code), 'legacy').status;
  for (const code of ['unauthenticated', 'unknown_session', 'parse_error', 'body_too_large', 'not_acceptable'] as const)
    assert.equal(statusOf(code), ERRORS[code].httpStatus);
  for (const code of [
    'unknown_method',
    'invalid_params',
    'unknown_tool',
    'upstream_timeout',
    'too_many',
    'internal',
  ] as const)
    assert.equal(statusOf(code), 200);
});
