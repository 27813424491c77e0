/** The question on which a client is let in, in a real browser: it shows who asks, needs no script, and leads back. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  authorizeUrl,
  createPkce,
  postForm,
  registerClient,
  startAuthorizationSite,
} from '../support/authorization-site.ts';
import { CHROMIUM, startChromium } from '../support/chromium.ts';
import { PASSWORD } from '../support/login-site.ts';

const skip = CHROMIUM === undefined && 'there is no Chromium here';
/** Where pictures of the page go for somebody to look at; none are made otherwise. */
const PICTURES = process.env.CONSENT_PICTURES;

test('a person signs in, is asked, lets a program on this computer in as a key of theirs, and is back there', {
  skip,
}, async (t) => {
  const cameBack: string[] = [];
  const client = createServer((request, response) => {
    if (request.url?.startsWith('/callback')) cameBack.push(request.url);
    response.end('<p>You can close this window.</p>');
  });
  await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    client.close();
    client.closeAllConnections();
  });
  const redirectUri = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
  const site = await startAuthorizationSite(t);
  await site.addUser('ada');
  await site.people.addKey('laptop', { type: 'personal', user: 'ada', grant: { allow: ['files'] } });
  await site.people.addKey('of-nobody');
  await site.people.add('user', 'eve');
  await site.people.addKey('hers', { type: 'personal', user: 'eve' });
  const clientId = await registerClient(site, redirectUri, 'A rather long name of an editor <b>&');
  const { verifier, challenge } = createPkce();

  const page = await startChromium(t);
  await page.send('Emulation.setScriptExecutionDisabled', { value: true });
  await page.open(
    authorizeUrl(site, { clientId, redirectUri, challenge, scope: 'mcp models', resource: `${site.url}/mcp/files` }),
  );
  await page.at(/\/login\?next=/);
  await page.evaluate(`document.querySelector('#name').value = 'ada';
    document.querySelector('#password').value = ${JSON.stringify(PASSWORD)};
    document.querySelector('form').requestSubmit()`);
  await page.at(/\/oauth\/consent\//);
  const text = String(await page.evaluate('document.body.innerText'));
  assert.match(text, /Let A rather long name of an editor <b>& in\?/);
  assert.match(text, /nobody has checked it/);
  assert.match(text, /a program on this computer/);
  assert.ok(text.includes(`${site.url}/mcp/files`) && text.includes(new URL(redirectUri).host));
  assert.match(text, /Send requests to models/);
  const options = await page.evaluate('[...document.querySelector("#as").options].map((each) => each.text)');
  assert.deepEqual(options, ['Me, ada', 'My key “laptop”'], 'keys of others and of services are not hers to lend');
  assert.equal(await page.evaluate('document.querySelector("[name=remember]") === null'), true);
  for (const width of [1280, 390]) {
    await page.screenshot(width, 'light');
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    assert.equal(overflow, 0, `nothing sticks out at ${width} px`);
    if (PICTURES === undefined) continue;
    mkdirSync(PICTURES, { recursive: true });
    for (const scheme of ['light', 'dark'] as const)
      writeFileSync(join(PICTURES, `consent-${width}-${scheme}.png`), await page.screenshot(width, scheme));
  }
  await page.evaluate(`document.querySelector('#as').value = 'laptop';
    document.querySelector('button[value=approve]').click()`);
  const back = new URL(await page.at(/\/callback\?/));
  assert.equal(cameBack.length, 1, 'nobody had to click');
  const answer = await postForm(`${site.url}/oauth/token`, {
    ...{ grant_type: 'authorization_code', code: back.searchParams.get('code'), code_verifier: verifier },
    ...{ client_id: clientId, redirect_uri: redirectUri },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const verdict = await site.app.tokens.verify(String(answer.body.access_token), `${site.url}/mcp/files`);
  assert.deepEqual(verdict.type === 'valid' && [verdict.caller.keyId, verdict.caller.grant.allow, verdict.scopes], [
    'laptop',
    ['files'],
    ['mcp', 'models'],
  ]);
});
