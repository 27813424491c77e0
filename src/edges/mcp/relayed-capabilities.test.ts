import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayedCapabilities } from './relayed-capabilities.ts';

const relay = (text: string): string => relayedCapabilities(text, JSON.parse(text));

test('extensions that we relay keep their bytes, others are not declared to servers', () => {
  const apps = '"io.modelcontextprotocol/ui": {"mimeTypes":["text/html;profile=mcp-app"]}';
  for (const text of ['{}', '{ "roots":{}, "extensions": {}}', `{"extensions":{${apps}}}`, '{"extensions":5}'])
    assert.equal(relay(text), text);
  assert.equal(
    relay(`{"extensions":{"com.example/y":{},${apps}},"sampling":{}}`),
    `{"extensions":{${apps}},"sampling":{}}`,
  );
  assert.equal(relay('{"tasks":{"list":{}},"sampling":{}}'), '{"sampling":{}}');
  assert.equal(relay('{"extensions":{"com.example/x":{}},"sampling":{}}'), '{"sampling":{}}');
});
