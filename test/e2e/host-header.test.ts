/** Addresses that the gateway says of itself come from its configuration: no header of a request changes one of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizeUrl, createPkce, registerClient, startAuthorizationSite } from '../support/authorization-site.ts';
import { sendBytes } from '../support/hostile/raw-http.ts';

const EVIL = 'evil.example';
const BACK = 'https://editor.example/callback';
const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** Every route that tells an address, or acts on one. */
const requests = (authorize: string): readonly string[] => [
  ...['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp/files'].map(get),
  ...['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration', authorize].map(get),
  ...['/login', '/account', '/oauth/callback?state=x&code=y', '/mcp', '/sse', '/v1/models'].map(get),
  ...['/mcp', '/mcp/files', '/v1/chat/completions', '/oauth/token', '/oauth/register', '/api/v1/users'].map(
    (path) => `POST ${path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n`,
  ),
];
function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\n`;
}

test('a Host that is not ours is refused by every route, before anything else is looked at', async (t) => {
  const site = await startAuthorizationSite(t);
  const authorize = new URL(
    authorizeUrl(site, { clientId: 'x', redirectUri: BACK, challenge: createPkce().challenge }),
  );
  const all = requests(`${authorize.pathname}${authorize.search}`);
  const answers = await Promise.all(
    all.map((head) =>
      sendBytes(site.url, `${head}host: ${EVIL}\r\nconnection: close\r\n\r\n${head.startsWith('POST') ? BODY : ''}`),
    ),
  );
  for (const [i, { statuses, text }] of answers.entries()) {
    assert.deepEqual(statuses, [403], `${all[i]}: ${text}`);
    assert.ok(!/^location:|^set-cookie:/im.test(text) && !text.includes('oauth-protected-resource'), text);
  }
});

test('headers by which proxies tell of themselves change no address in metadata, challenges, redirects or pages', async (t) => {
  const site = await startAuthorizationSite(t);
  await site.addUser('ada');
  const ada = await site.signIn('ada');
  const clientId = await registerClient(site, BACK);
  const authorize = new URL(authorizeUrl(site, { clientId, redirectUri: BACK, challenge: createPkce().challenge }));
  const { host } = new URL(site.url);
  const lies = [
    ...[`x-forwarded-host: ${EVIL}`, 'x-forwarded-proto: https', 'x-forwarded-port: 1', `x-original-host: ${EVIL}`],
    ...[`forwarded: host=${EVIL};proto=https`, `x-host: ${EVIL}`, `x-forwarded-server: ${EVIL}`, `x-real-ip: 1.2.3.4`],
    ...[`x-original-url: http://${EVIL}/`, `x-rewrite-url: http://${EVIL}/`, `x-forwarded-prefix: //${EVIL}`],
  ];
  const cookie = `portcullis=${ada.cookie(site.url, 'portcullis')}`;
  const all = requests(`${authorize.pathname}${authorize.search}`);
  const send = (head: string, more: readonly string[]) =>
    sendBytes(
      site.url,
      `${head}${[`host: ${host}`, `cookie: ${cookie}`, 'connection: close', ...more].join('\r\n')}\r\n\r\n${head.startsWith('POST') ? BODY : ''}`,
    );
  let told = 0;
  for (const head of all) {
    const { text } = await send(head, lies);
    assert.match(text, /^HTTP\/1\.1 \d{3} /, head);
    assert.ok(!text.includes(EVIL), `${head}: ${text}`);
    if (text.includes(site.url)) told++;
    assert.ok(!text.includes(site.url.replace('http:', 'https:')), `${head}: ${text}`);
  }
  assert.ok(told >= 6, `${told} answers told an address`);
});
