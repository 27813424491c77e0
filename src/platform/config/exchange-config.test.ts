/** `tokenExchange` of a server: what of it is taken, and what is said of the rest. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

const issuer = 'https://id.example';
const client = { clientId: 'gateway', clientSecret: 'a-secret' };
const good = { issuer, ...client };

function parse(tokenExchange: unknown, options: object = {}, authorization: object | undefined = undefined) {
  const text = JSON.stringify({
    mcpServers: { notes: { url: 'https://notes.example/mcp' } },
    serverOptions: { notes: { credentials: 'per-user', ...options, tokenExchange } },
    authorization: authorization ?? { access: { allow: ['*'] }, issuers: [{ issuer, claims: { user: 'sub' } }] },
  });
  return parseConfig(text, { file: '/portcullis.json', env: {}, readFile: () => '' });
}

test('a token exchange is read with its secrets closed', () => {
  const parsed = parse({ ...good, idJag: { issuer: 'https://auth.example', ...client } });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const found = parsed.config.servers[0]?.tokenExchange;
  assert.equal(found?.clientSecret?.open(), 'a-secret');
  assert.equal(found?.idJag?.clientSecret?.open(), 'a-secret');
  assert.ok(!JSON.stringify(parsed.config).includes('a-secret'));
  assert.equal(found?.signIn, false);
  assert.equal(found?.subjectTokenType, 'access_token');
});

test('what is wrong with a token exchange is said with the field, the reason and the remedy', () => {
  const cases: readonly [unknown, RegExp, object?, object?][] = [
    [{ ...good, issuer: undefined }, /tokenExchange\.issuer/],
    [{ ...good, clientId: undefined }, /tokenExchange\.clientId/],
    [{ ...good, clientId: '' }, /tokenExchange\.clientId/],
    [{ ...good, issuer: 'id.example' }, /expected the address of an authorization server/],
    [{ ...good, issuer: `${issuer}/` }, /is none of "authorization\.issuers".*written in the same way/],
    [good, /is none of "authorization\.issuers"/, {}, { server: {}, access: { allow: ['*'] } }],
    [{ ...good, tokenEndpoint: 'token' }, /expected the address of a token endpoint/],
    [{ ...good, resource: 'notes' }, /tokenExchange\.resource.*expected an address/],
    [{ ...good, subjectTokenType: 'saml2' }, /tokenExchange\.subjectTokenType/],
    [{ ...good, audiences: 'x' }, /tokenExchange.*audience/],
    [{ ...good, idJag: client }, /tokenExchange\.idJag\.issuer/],
    [{ ...good, idJag: { issuer, ...client, audience: 'x' } }, /tokenExchange\.idJag.*audience/],
    [good, /has no effect without \\"credentials\\": \\"per-user\\"/, { credentials: 'shared' }],
    [good, /stands beside \\"userHeaders\\"/, { userHeaders: [{ name: 'X-Key' }] }],
    ['yes', /serverOptions\.notes\.tokenExchange/],
  ];
  for (const [value, said, options, authorization] of cases) {
    const parsed = parse(value, options, authorization);
    assert.ok(!parsed.ok, JSON.stringify(value));
    const text = parsed.problems.map((each) => JSON.stringify(each)).join('\n');
    assert.match(text.replaceAll('\\"authorization.issuers\\"', '"authorization.issuers"'), said);
    assert.ok(!text.includes('a-secret'));
  }
});
