import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTarget } from '../http/read-target.ts';
import { readGeminiPath } from './read-path.ts';

const read = (path: string) => readGeminiPath(readTarget(path).segments);
const generate = (model: string) => ({ type: 'method', model, method: 'generateContent' });

test('a model may hold slashes, plain or encoded, and colons; the operation stands last', () => {
  for (const version of ['/v1', '/v1beta', '/v1alpha', '/gemini', '/gemini/v1', '/gemini/v1beta']) {
    assert.deepEqual(read(`${version}/models/openai/gpt-5:generateContent`), generate('openai/gpt-5'));
    assert.deepEqual(read(`${version}/models/openai%2Fgpt-5:generateContent`), generate('openai/gpt-5'));
    assert.deepEqual(read(`${version}/openai/gpt-5:generateContent`), generate('openai/gpt-5'));
    assert.deepEqual(read(`${version}/models/ollama/llama:8b:generateContent?alt=sse`), generate('ollama/llama:8b'));
    assert.deepEqual(read(`${version}/publishers/google/models/fast:generateContent`), generate('fast'));
  }
});

test('the list of models is one of several at /v1 only', () => {
  assert.deepEqual(read('/v1/models'), { type: 'models', model: undefined, shared: true });
  assert.deepEqual(read('/v1beta/models'), { type: 'models', model: undefined, shared: false });
  assert.deepEqual(read('/v1beta/models/gemini/x'), { type: 'models', model: 'gemini/x', shared: false });
});

test('other paths are not taken', () => {
  for (const path of ['/v1/chat/completions', '/openai/v1/models', '/v1/messages', '/mcp', '/v1beta/files', '/v1beta'])
    assert.equal(read(path), undefined, path);
});
