import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

const ISSUER = 'https://id.example';

function parse(authorization: object, more: object = {}) {
  const text = JSON.stringify({ mcpServers: { wiki: { url: 'https://wiki.example/mcp' } }, authorization, ...more });
  const result = parseConfig(text, { file: '/portcullis.json', env: {} });
  const messages = (result.ok ? result.warnings : result.problems).map(({ path, message }) => `${path}: ${message}`);
  return { section: result.ok ? result.config.authorization : undefined, messages };
}

test('an issuer alone lets nobody reach anything', () => {
  const { section, messages } = parse({ issuers: [{ issuer: ISSUER }] });
  assert.deepEqual(messages, [
    'authorization.issuers[0]: its tokens reach nothing, since neither "access" nor a rule of its own allows anything',
  ]);
  assert.deepEqual(section, {
    access: { allow: [], deny: [] },
    issuers: [
      {
        ...{ issuer: ISSUER, audience: [], jwksUrl: undefined, scopes: [] },
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
        claims: { user: undefined, labels: {}, rules: [] },
      },
    ],
  });
});

test('without the section there is none', () => {
  assert.equal(parseConfig('{"mcpServers":{}}', { file: '/f', env: {} }).ok, true);
  const result = parseConfig('{}', { file: '/f', env: {} });
  assert.ok(result.ok && result.config.authorization === undefined);
});

test('what cannot be right is refused by name', () => {
  const of = (issuer: object, access: object = {}) => parse({ access, issuers: [{ issuer: ISSUER, ...issuer }] });
  const cases: readonly (readonly [{ readonly messages: readonly string[] }, RegExp])[] = [
    [of({ issuer: 'http://id.example' }), /issuers\[0\]\.issuer: expected an https/],
    [of({ issuer: `${ISSUER}?x=1` }), /issuers\[0\]\.issuer: expected a URL without query/],
    [of({ issuer: 'id.example' }), /issuers\[0\]\.issuer/],
    [of({ jwksUrl: 'http://id.example/keys' }), /issuers\[0\]\.jwksUrl: expected an https/],
    [of({ algorithms: ['none'] }), /algorithms/],
    [of({ algorithms: ['HS256'] }), /algorithms/],
    [of({ algorithms: [] }), /algorithms/],
    [of({ scopes: ['mcp:write'] }), /scopes/],
    [of({ claims: { labels: { 'a b': 'x' } } }), /labels/],
    [of({ claims: { rules: [{ claim: 'g', value: 'x' }] } }), /rules\[0\]\.team/],
    [of({ unknown: 1 }), /unknown/],
    [of({}, { allow: ['wi ki'] }), /access\.allow\[0\]/],
    [of({}, { toolsets: ['desk'] }), /access\.toolsets\[0\]: there is no toolset/],
    [
      of({ claims: { rules: [{ claim: 'g', value: 'x', team: 't', access: { allow: ['wi ki'] } }] } }),
      /rules\[0\]\.access\.allow\[0\]/,
    ],
    [parse({ issuers: [{ issuer: ISSUER }, { issuer: ISSUER }] }), /issuers\[1\]\.issuer: stands twice/],
  ];
  for (const [{ messages }, expected] of cases) assert.match(messages.join('\n'), expected);
});

test('a configuration that would not do what it seems to is warned about', () => {
  assert.match(parse({}).messages.join(), /has no effect: no token is taken/);
  const issuers = [{ issuer: ISSUER }];
  const access = { allow: ['wiki'] };
  const listening = (listen: object) => parse({ access, issuers }, { listen }).messages.join();
  assert.match(listening({ host: '0.0.0.0' }), /does not know by which address/);
  assert.match(listening({ publicUrl: 'http://gateway.example' }), /tokens would cross the network unencrypted/);
  assert.equal(listening({ host: '0.0.0.0', publicUrl: 'https://gateway.example' }), '');
  assert.match(parse({ access: { allow: ['wkii'] }, issuers }).messages.join(), /no server with this id/);
});

test('tokens that reach nothing are warned about, each kind where it is set up, and no others', () => {
  const nothing = /authorization\.server: tokens that act as people reach nothing/;
  assert.match(parse({ server: {} }).messages.join(), nothing);
  assert.match(parse({ server: {}, access: { deny: ['wiki'] } }).messages.join(), nothing);
  assert.deepEqual(parse({ server: {}, access: { allow: ['wiki'] } }).messages, []);

  const ruleOf = (access?: object) => ({ claims: { rules: [{ claim: 'g', value: 'x', team: 't', access }] } });
  const issuers = [
    { issuer: ISSUER, ...ruleOf({ allow: ['wiki'] }) },
    { issuer: 'https://other.example', ...ruleOf() },
    { issuer: 'https://third.example', ...ruleOf({ allow: [] }) },
  ];
  assert.deepEqual(
    parse({ issuers }).messages.map((message) => message.split(':')[0]),
    ['authorization.issuers[1]', 'authorization.issuers[2]'],
  );
  assert.deepEqual(parse({ issuers, access: { allow: ['wiki'] } }).messages, []);
});
