import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

const parse = (login: unknown, listen: unknown = undefined) =>
  parseConfig(JSON.stringify({ login, listen }), { file: '/portcullis.json', env: { SECRET: 'oidc-secret' } });
const provider = { issuer: 'https://id.example.com/realms/a', clientId: 'portcullis' };

test('a provider is read with its defaults, and its secret is shown to nobody', () => {
  const result = parse({ providers: { corp: { ...provider, clientSecret: '$' + '{env:SECRET}', scopes: ['email'] } } });
  assert.ok(result.ok);
  const { login } = result.config;
  assert.deepEqual(
    { ...login?.providers[0], clientSecret: login?.providers[0]?.clientSecret?.open() },
    {
      ...{ name: 'corp', title: 'corp', ...provider, clientSecret: 'oidc-secret', scopes: ['openid', 'email'] },
      ...{ roles: [], defaultRole: undefined, teams: [], createUsers: false, linkByEmail: false },
    },
  );
  assert.equal(JSON.stringify(result.config).includes('oidc-secret'), false);
  assert.deepEqual(login?.session, { idleMs: 43_200_000, maxMs: 604_800_000 });
});

test('what could not work, or would let in the wrong ones, is refused with its place', () => {
  for (const [login, path] of [
    [{ providers: { 'a b': provider } }, 'login.providers["a b"]'],
    [{ providers: { a: { ...provider, issuer: 'http://id.example.com' } } }, 'login.providers.a.issuer'],
    [{ providers: { a: { ...provider, issuer: 'https://id.example.com/?x=1' } } }, 'login.providers.a.issuer'],
    [{ providers: { a: { ...provider, issuer: 'id.example.com' } } }, 'login.providers.a.issuer'],
    [{ providers: { a: { ...provider, createUsers: true } } }, 'login.providers.a.createUsers'],
    [{ providers: { a: { ...provider, linkByMail: true } } }, 'login.providers.a.linkByMail'],
    [{ providers: { a: { ...provider, defaultRole: 'root' } } }, 'login.providers.a.defaultRole'],
    [{ providers: { a: { clientId: 'x' } } }, 'login.providers.a.issuer'],
    [{ localAccounts: false }, 'login.localAccounts'],
    [{ sessionIdleMs: 120_000, sessionMaxMs: 60_000 }, 'login.sessionIdleMs'],
    [{ sessionMs: 1 }, 'login.sessionMs'],
  ] as const) {
    const result = parse(login);
    assert.ok(!result.ok, path);
    assert.ok(
      result.problems.some((problem) => problem.path === path),
      `${path}: ${JSON.stringify(result.problems)}`,
    );
  }
});

test('http is taken for an issuer on this machine, and warned about for the gateway itself', () => {
  const result = parse({ providers: { a: { ...provider, issuer: 'http://127.0.0.1:9000' } } });
  assert.ok(result.ok);
  const warned = parse(undefined, { publicUrl: 'http://gateway.example', allowedHosts: ['gateway.example'] });
  assert.ok(warned.ok && warned.warnings.some(({ message }) => message.includes('unencrypted')));
  const fine = parse(undefined, { publicUrl: 'https://gateway.example', allowedHosts: ['gateway.example'] });
  assert.ok(fine.ok && !fine.warnings.some(({ message }) => message.includes('unencrypted')));
});
