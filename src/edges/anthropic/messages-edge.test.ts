import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS, type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import { createMessagesEdge } from './messages-edge.ts';

const edge = createMessagesEdge(() => false);
const render = (code: ErrorCode, data?: { readonly [key: string]: unknown }) => {
  const { status, body } = edge.renderError(new GatewayError(code, 'why', data === undefined ? {} : { data }), 'id-1');
  return { status, body: JSON.parse(body) };
};

test('every error has a type that SDKs of this dialect know, by its status', () => {
  const types: { readonly [status: number]: string } = {
    ...{
      400: 'invalid_request_error',
      401: 'authentication_error',
      402: 'billing_error',
      403: 'permission_error',
      404: 'not_found_error',
    },
    ...{
      405: 'invalid_request_error',
      406: 'invalid_request_error',
      409: 'conflict_error',
      410: 'invalid_request_error',
      412: 'invalid_request_error',
    },
    ...{ 413: 'request_too_large', 422: 'invalid_request_error', 428: 'invalid_request_error' },
    ...{ 415: 'invalid_request_error', 429: 'rate_limit_error', 499: 'api_error', 500: 'api_error', 501: 'api_error' },
    ...{ 502: 'api_error', 503: 'overloaded_error', 504: 'timeout_error', 529: 'overloaded_error' },
  };
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { status, body } = render(code);
    assert.equal(status, code === 'provider_unavailable' ? 529 : ERRORS[code].httpStatus);
    assert.equal(body.error.type, types[status], code);
    assert.deepEqual([body.type, body.request_id, body.error.details.error_code], ['error', 'id-1', code]);
  }
});

test('what is known of the attempts goes along', () => {
  const { body } = render('provider_failed', { provider: 'a', attempts: [] });
  assert.deepEqual(body.error.details, { error_code: 'provider_failed', provider: 'a', attempts: [] });
});

test('a thread that cannot be kept is told so that the SDK goes on without one', () => {
  const threaded = createMessagesEdge(() => true);
  const code = (error: ErrorCode) =>
    JSON.parse(threaded.renderError(new GatewayError(error), 'i').body).error.details.error_code;
  assert.equal(code('unsupported_by_model'), 'thread_unsupported_request');
  assert.equal(code('unknown_model'), 'unknown_model');
});

test('an error in a stream is an event of its own', () => {
  const text = edge.renderStreamError(new GatewayError('provider_failed'), 'id-1');
  assert.match(text, /^event: error\ndata: \{"type":"error","error":\{"type":"api_error",.*\}\n\n$/);
});
