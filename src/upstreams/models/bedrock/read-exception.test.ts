import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlPlaneOf } from './list-models.ts';
import { failureOfFrame, kindOfException, readExceptionBody } from './read-exception.ts';

test('the name of an exception is found in the header and in the body, however it is dressed', () => {
  const text = '{"message":"Slow down"}';
  const expected = { message: 'Slow down', kind: 'rate-limited' };
  assert.deepEqual(readExceptionBody({ 'x-amzn-errortype': 'ThrottlingException:http://internal/' }, text), expected);
  const typed = '{"__type":"com.amazon.coral#ThrottlingException","Message":"Slow down"}';
  assert.deepEqual(readExceptionBody({}, typed), expected);
  assert.deepEqual(readExceptionBody({}, '<html>'), { message: undefined, kind: undefined });
});

test('a validation that is about length, or about the model, means that', () => {
  const kindOf = (message: string) => kindOfException('ValidationException', message);
  assert.equal(kindOf('Input is too long for requested model.'), 'context-too-long');
  assert.equal(kindOf('The provided model identifier is invalid.'), 'unknown-model');
  assert.equal(kindOf('A conversation must start with a user message.'), 'invalid-request');
});

test('the words of an exception in a stream go without secrets, and to the caller only where the request is at fault', () => {
  const clean = (words: string) => words.replaceAll('secret', '[redacted]');
  const theirs = failureOfFrame('validationException', '{"message":"bad secret"}', clean);
  assert.equal(theirs.kind, 'invalid-request');
  assert.equal(theirs.publicText, 'bad [redacted]');
  const ours = failureOfFrame('modelStreamErrorException', '{"message":"a secret"}', clean);
  assert.equal(ours.kind, 'server-error');
  assert.equal(ours.publicText, undefined);
  assert.ok(!ours.message.includes('a secret'));
  assert.equal(failureOfFrame('neverHeardOfException', 'x', clean).kind, 'server-error');
});

test('models are listed where AWS has the control plane, and elsewhere at the same address', () => {
  const runtime = 'https://bedrock-runtime.eu-central-1.amazonaws.com';
  assert.equal(controlPlaneOf(runtime), 'https://bedrock.eu-central-1.amazonaws.com');
  assert.equal(
    controlPlaneOf('https://bedrock-runtime-fips.us-east-1.amazonaws.com'),
    'https://bedrock-fips.us-east-1.amazonaws.com',
  );
  assert.equal(controlPlaneOf('http://127.0.0.1:9'), 'http://127.0.0.1:9');
});
