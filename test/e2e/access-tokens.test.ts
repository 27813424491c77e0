/** Access tokens of an authorization server in place of keys: what is taken, what is refused, and what clients are told. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { post, startTokenIssuer, startTokenSite, type TestTokenIssuer } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function start(t: TestContext, more: object = {}, access: object = { allow: ['*', 'model:*'] }) {
  const idp = await startTokenIssuer(t);
  const configOf = (of: TestTokenIssuer, issuer: object = {}) => ({
    authorization: { access, issuers: [{ issuer: of.issuer, ...more, ...issuer }] },
  });
  const site = await startTokenSite(t, configOf(idp));
  await site.people.add('user', 'ada', { identities: [{ issuer: idp.issuer, subject: 'sub-ada' }] });
  await site.people.add('user', 'bob', { identities: [{ issuer: idp.issuer, subject: 'sub-bob' }] });
  const mcp = `${site.url}/mcp`;
  const token = (claims: object = {}, options = {}) => idp.sign({ sub: 'sub-ada', aud: mcp, ...claims }, options);
  await waitFor('the users to be known', async () => (await post(mcp, bearer(await token()))).status === 200);
  return { idp, site, mcp, token, configOf };
}

test('a token of a configured issuer is taken in place of a key, and one without is told where to get it', async (t) => {
  const { site, mcp, token } = await start(t);
  const served = await post(mcp, bearer(await token()));
  assert.equal(served.status, 200);
  assert.match(served.text, /hello/);
  assert.equal((await post(mcp, bearer(site.key))).status, 200);

  const refused = await post(mcp, {});
  assert.equal(refused.status, 401);
  const metadata = `${site.url}/.well-known/oauth-protected-resource/mcp`;
  assert.equal(refused.challenge, `Bearer resource_metadata="${metadata}", scope="mcp"`);
  const document = (await (await fetch(metadata)).json()) as { resource: string };
  assert.equal(document.resource, mcp);
});
