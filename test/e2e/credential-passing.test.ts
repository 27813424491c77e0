/** What a caller proves itself with ends at the gateway: neither servers nor providers ever see it, whatever door it came through. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isObject } from '../../src/lib/is-object.ts';
import { type MockHook, startOpenAiMock } from '../support/providers/openai.ts';
import { post, startTokenIssuer, startTokenSite } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

const OWN = 'what-the-gateway-has-for-this-server';
const RESULTS: { readonly [method: string]: object } = {
  'server/discover': {
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    ttlMs: 0,
    cacheScope: 'private',
  },
  'tools/list': { tools: [{ name: 'look', inputSchema: { type: 'object' } }], ttlMs: 0, cacheScope: 'private' },
  'tools/call': { content: [{ type: 'text', text: 'seen' }] },
};
/** A server of 2026-07-28 with one tool. */
const answerMcp: MockHook = ({ path, json }) => {
  if (path !== '/mcp' || !isObject(json)) return undefined;
  const result = RESULTS[String(json.method)];
  const answer = result
    ? { result: { resultType: 'complete', ...result } }
    : { error: { code: -32601, message: 'no' } };
  return {
    status: result === undefined ? 404 : 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: json.id, ...answer }),
  };
};

test('no token, key or cookie of a caller reaches a server or a provider', async (t) => {
  const idp = await startTokenIssuer(t);
  const outside = await startOpenAiMock({ hooks: [answerMcp] });
  t.after(() => outside[Symbol.asyncDispose]());
  const access = { allow: ['*', 'model:*'] };
  const site = await startTokenSite(t, {
    mcpServers: { eye: { url: `${outside.origin}/mcp`, headers: { 'X-Own': OWN } } },
    providers: { openai: { baseUrl: `${outside.origin}/v1`, keys: [{ value: OWN }] } },
    authorization: { access, issuers: [{ issuer: idp.issuer }] },
  });
  await site.people.add('user', 'ada', { identities: [{ issuer: idp.issuer, subject: 'sub-ada' }] });
  const key = await site.people.addKey('robot', { grant: { ...access, execute: 'any' } });
  const mcp = `${site.url}/mcp`;
  const token = await idp.sign({ sub: 'sub-ada', aud: mcp, scope: 'mcp models' });
  const along = { cookie: 'portcullis=cookie-canary', 'proxy-authorization': 'Basic proxy-canary' };
  const proofs = [{ authorization: `Bearer ${token}` }, { authorization: `Bearer ${key}` }, { 'x-api-key': key }].map(
    (proof) => ({ ...along, ...proof }) as { [name: string]: string },
  );
  const look = { name: 'eye__look', arguments: {} };
  const send = async (path: string, headers: object, body: object): Promise<Response> => {
    const answer = await fetch(`${site.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
    return answer;
  };
  const first = proofs[0] ?? {};
  await waitFor('the tool', async () => (await post(mcp, first, 'tools/call', look)).text.includes('seen'));

  const before = outside.requests.length;
  for (const proof of proofs) {
    assert.match((await post(mcp, proof, 'tools/call', look)).text, /seen/);
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const opened = await send('/mcp', proof, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const session = { ...proof, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    await send('/mcp', session, { jsonrpc: '2.0', id: 2, method: 'tools/call', params: look });
    const call = { id: 'call_1', type: 'function', function: { name: 'eye__look', arguments: '{}' } };
    if (!proof.authorization?.includes(token)) await send('/v1/mcp/tool/execute', proof, call);
    const chat = { model: 'openai/gpt-5.2', messages: [{ role: 'user', content: 'hello' }] };
    await send('/v1/chat/completions', { ...proof, 'x-portcullis-tool-mode': 'classic' }, chat);
  }
  const requests = outside.requests.slice(before);
  for (const path of ['/mcp', '/v1/chat/completions'])
    assert.ok(requests.filter((each) => each.path === path).length >= proofs.length, `${path} was not asked`);
  for (const { path, headers, body } of outside.requests) {
    const all = `${path} ${JSON.stringify(headers)} ${body.toString()}`;
    assert.ok(all.includes(OWN), path);
    for (const secret of [token, token.split('.')[2] ?? '', key, 'cookie-canary', 'proxy-canary'])
      assert.ok(!all.includes(secret), `${secret.slice(0, 12)} in ${all}`);
    assert.equal(headers.cookie, undefined);
    assert.equal(headers.authorization, path.startsWith('/v1') ? `Bearer ${OWN}` : undefined);
  }
  assert.ok(!site.log.some((line) => line.includes(token) || line.includes(key)), 'in the log');
});
