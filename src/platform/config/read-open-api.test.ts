// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { OpenApiTransport } from '../../contracts/config.ts';
import { parseConfig } from './parse-config.ts';

const env = { API_KEY: 'key-from-environment', HOST: 'api.example' };
const file = '/etc/gateway/portcullis.json';

const parse = (entry: object) => parseConfig(JSON.stringify({ mcpServers: { a: entry } }), { file, env });

function read(entry: object): OpenApiTransport {
  const result = parse(entry);
  assert.ok(result.ok, JSON.stringify(result));
  const transport = result.config.servers[0]?.transport;
  assert.equal(transport?.type, 'openapi');
  return transport as OpenApiTransport;
}

function complaints(entry: object): string[] {
  const result = parse(entry);
  assert.ok(!result.ok, 'it was accepted');
  return result.problems.map(({ path, message, remedy }) => `${path}: ${message}${remedy ? ` -> ${remedy}` : ''}`);
}

test('an OpenAPI server is read, files relative to the configuration', () => {
  const transport = read({ type: 'openapi', document: './api.yaml' });
  assert.deepEqual(
    { ...transport },
    {
      type: 'openapi',
      document: '/etc/gateway/api.yaml',
      baseUrl: undefined,
      headers: {},
      auth: undefined,
      operations: { include: [], exclude: [] },
      maxResponseBytes: 1_048_576,
    },
  );
  assert.equal(read({ document: 'https://a.example/api.json' }).document, 'https://a.example/api.json');
});

test('credentials are references that are resolved, and never shown', () => {
  const auths = [
    { type: 'bearer', token: '${env:API_KEY}' },
    { type: 'basic', username: 'ann', password: '${API_KEY}' },
    { type: 'header', name: 'X-Key', value: '${env:API_KEY}' },
    { type: 'query', name: 'key', value: '${env:API_KEY}' },
    { type: 'cookie', name: 'key', value: '${env:API_KEY}' },
  ];
  for (const auth of auths) {
    const url = 'https://${env:HOST}/?key=${env:API_KEY}';
    const transport = read({ type: 'openapi', document: url, auth, headers: { 'X-Other': '${env:API_KEY}' } });
    const values = Object.values(transport.auth ?? {}).map((each) => (typeof each === 'string' ? each : each.open()));
    assert.ok(values.includes('key-from-environment'), auth.type);
    assert.equal(transport.document, 'https://api.example/?key=key-from-environment');
    assert.ok(!`${JSON.stringify(transport)}${inspect(transport)}`.includes('key-from-environment'), auth.type);
  }
});

test('what is wrong is refused, with the field, the reason and a remedy', () => {
  const good = { type: 'openapi', document: 'api.yaml' };
  assert.deepEqual(complaints({ type: 'openapi' }), [
    'mcpServers.a.document: is missing; expected a string that is not empty -> name the OpenAPI document, e.g. "./api.yaml"',
  ]);
  assert.match(
    complaints({ ...good, baseURL: 'https://a' })[0] ?? '',
    /^mcpServers\.a\.baseURL: .* did you mean "baseUrl"\?$/,
  );
  assert.match(complaints({ ...good, baseUrl: 'ftp://a' })[0] ?? '', /http:\/\/ or https:\/\//);
  assert.match(complaints({ ...good, baseUrl: 'https://a/?x=1' })[0] ?? '', /holds a query/);
  assert.match(complaints({ ...good, document: 'file:///etc/passwd' })[0] ?? '', /http:\/\/ or https:\/\//);
  assert.match(complaints({ ...good, operations: { inlcude: ['a'] } })[0] ?? '', /operations\.inlcude: unknown field/);
  assert.match(complaints({ ...good, maxResponseBytes: 1 })[0] ?? '', /must be at least 1024/);
  assert.match(complaints({ ...good, auth: 'secret' })[0] ?? '', /auth: expected an object/);
  assert.match(
    complaints({ ...good, auth: { type: 'bearer', tokn: 'x' } }).join('\n'),
    /auth\.tokn: .*did you mean "token"/,
  );
  assert.match(complaints({ ...good, auth: { type: 'oauth' } }).join('\n'), /auth\.type/);
  assert.match(complaints({ ...good, auth: { type: 'bearer', token: '${env:UNSET}' } })[0] ?? '', /UNSET is not set/);
  assert.match(
    complaints({ ...good, auth: { type: 'header', name: 'a b', value: 'x' } })[0] ?? '',
    /no name that a header/,
  );
  for (const each of complaints({ ...good, auth: { type: 'bearer', token: 'hidden\nvalue' } }))
    assert.ok(!each.includes('hidden'));
});

test("another program's auth on another server stays without effect, and fields of other kinds are told", () => {
  const pasted = parse({ url: 'https://a.example/mcp', auth: { CLIENT_ID: '${env:UNSET}' }, document: 'x.yaml' });
  assert.ok(pasted.ok);
  assert.deepEqual(
    pasted.warnings.map(({ path }) => path),
    ['mcpServers.a.auth', 'mcpServers.a.document'],
  );
});

test('a server that is switched off may lack its variables', () => {
  const result = parse({
    type: 'openapi',
    document: 'a',
    disabled: true,
    auth: { type: 'bearer', token: '${env:UNSET}' },
  });
  assert.ok(result.ok, JSON.stringify(result));
});
