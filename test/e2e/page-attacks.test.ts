/** Each page and each form for people: what other sites, other people and old pages may try with it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startOAuthServer } from '../../src/upstreams/oauth/testing/oauth-server.ts';
import { authorizeUrl, createPkce, letIn, registerClient } from '../support/authorization-site.ts';
import { type Browser, type BrowserPage, createBrowser, readForm } from '../support/browser.ts';
import { perUser, startConnectSite } from '../support/connect-site.ts';
import { PASSWORD, startLoginSite } from '../support/login-site.ts';

const BACK = 'https://editor.example/callback';

async function start(t: TestContext) {
  const server = await startOAuthServer();
  t.after(() => server[Symbol.asyncDispose]());
  const site = await startConnectSite(t, { ...perUser({ files: server.mcpUrl }), authorization: { server: {} } });
  const [ada, grace] = [await site.browserOf('ada'), await site.browserOf('grace')];
  const clientId = await registerClient(site, BACK);
  const ask = async (browser: Browser): Promise<BrowserPage> =>
    browser.follow(
      await browser.get(authorizeUrl(site, { clientId, redirectUri: BACK, challenge: createPkce().challenge })),
      site.url,
    );
  const connect = async (browser: Browser): Promise<void> => {
    const leaving = await browser.submit(await browser.get(`${site.url}/connect/files`), '/connect/files');
    const address =
      /class="button" href="([^"]+)" rel="noreferrer"/.exec(leaving.text)?.[1] ?? assert.fail(leaving.text);
    const back = (await browser.get(address.replaceAll('&amp;', '&'))).location ?? assert.fail();
    assert.match((await browser.follow(await browser.get(back), site.url)).text, /files is connected/);
  };
  for (const browser of [ada, grace]) {
    await connect(browser);
    assert.equal((await letIn(site, browser, { clientId, redirectUri: BACK })).status, 200);
  }
  // A second session of hers, which the account page offers to end.
  await site.browserOf('ada');
  return { server, site, ada, grace, ask };
}

/** Actions of all forms of a page. */
const actionsOf = ({ text }: BrowserPage): string[] =>
  [...text.matchAll(/<form[^>]*action="([^"]+)"/g)].map(([, action = '']) => action);

/** The same form with one part of the proof wrong. `theirs`: of the same page, as somebody else has it. */
async function forge(browser: Browser, page: BrowserPage, action: string, theirs: string | undefined) {
  const fields = { ...readForm(page, action), answer: 'approve', remember: '' };
  const { csrf = '', ...without } = { ...fields } as { [name: string]: string };
  assert.ok(csrf.length > 20, `${action} has no token`);
  const url = new URL(action, page.url).href;
  const cross = { headers: { 'sec-fetch-site': 'cross-site' } };
  return Object.entries({
    'no token': await browser.post(url, without),
    'an empty token': await browser.post(url, { ...without, csrf: '' }),
    'a wrong token': await browser.post(url, { ...without, csrf: `${csrf.slice(0, -2)}!!` }),
    ...(theirs !== undefined && {
      'the token of another session': await browser.post(url, { ...without, csrf: theirs }),
    }),
    'another site': await browser.post(url, { ...fields }, cross),
    'another origin': await browser.post(url, { ...fields }, { from: 'https://evil.example/' }),
    'no origin that could be told': await browser.post(url, { ...fields }, { headers: { origin: 'null' } }),
    'another port of this machine': await browser.post(
      url,
      { ...fields },
      { headers: { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' } },
    ),
    'a body that needs no preflight': await browser.post(
      url,
      { ...fields },
      { headers: { 'content-type': 'text/plain' } },
    ),
  });
}

test('every form is refused without the token of its session or from another site, and nothing comes of it', async (t) => {
  const { server, site, ada, grace, ask } = await start(t);
  const pages = {
    account: await ada.get(`${site.url}/account`),
    connections: await ada.get(`${site.url}/account/connections`),
    connect: await ada.get(`${site.url}/connect/files`),
    consent: await ask(ada),
    logout: await ada.get(`${site.url}/logout`),
  };
  const theirs =
    /name="csrf" value="([^"]+)"/.exec((await grace.get(`${site.url}/account`)).text)?.[1] ?? assert.fail();
  const forms = new Map<string, BrowserPage>();
  for (const page of Object.values(pages)) for (const action of actionsOf(page)) forms.set(action, page);
  const consent = new URL(pages.consent.url).pathname;
  assert.deepEqual(
    [...forms.keys()].sort(),
    [
      ...['/account/clients/end', '/account/connections/disconnect', '/account/password', '/account/sessions/end'],
      ...['/connect/files', '/logout', consent],
    ].sort(),
    'a form that is not looked at here',
  );
  const facts = async () => ({
    account: actionsOf(await ada.get(`${site.url}/account`)),
    connections: actionsOf(await ada.get(`${site.url}/account/connections`)),
    isAsked: (await ada.get(pages.consent.url)).status,
    cookie: ada.cookie(site.url, 'portcullis'),
    asked: server.paths.length,
  });
  const before = await facts();
  for (const [action, page] of forms)
    for (const [what, answer] of await forge(ada, page, action, theirs)) {
      const expected = what.startsWith('a body') ? 415 : 403;
      assert.equal(answer.status, expected, `${action}, ${what}: ${answer.text}`);
      assert.equal(answer.location, undefined, `${action}, ${what}`);
      assert.deepEqual(answer.setCookies, [], `${action}, ${what}`);
    }
  assert.deepEqual(await facts(), before);
});

test('the forms of those who are not signed in are refused the same way', async (t) => {
  const site = await startLoginSite(t);
  const { id } = await site.addUser('ada', 'member', PASSWORD);
  const { token } = await site.people.accounts.invite(id);
  const victim = createBrowser();
  const typed = { name: 'ada', password: PASSWORD, again: PASSWORD };
  for (const path of ['/login', `/invite/${token}`]) {
    const page = await victim.get(`${site.url}${path}`);
    const other = await createBrowser().get(`${site.url}${path}`);
    const theirs = readForm(other, path).csrf ?? assert.fail();
    for (const [what, answer] of await forge(victim, page, path, theirs)) {
      assert.equal(answer.status, what.startsWith('a body') ? 415 : 403, `${path}, ${what}: ${answer.text}`);
      assert.equal(answer.location, undefined, `${path}, ${what}`);
    }
    const cross = { headers: { 'sec-fetch-site': 'cross-site' } };
    assert.equal((await victim.post(page.url, { ...readForm(page, path), ...typed }, cross)).status, 403);
    assert.equal(victim.cookie(site.url, 'portcullis'), undefined, path);
  }
});

test('every page, also one that refuses, stands in no frame, runs no script, sends forms nowhere else and is kept nowhere', async (t) => {
  const { site, ada, ask } = await start(t);
  const nobody = createBrowser();
  const at = (path: string): string => `${site.url}${path}`;
  const consent = await ask(ada);
  const leaving = await ada.submit(await ada.get(at('/connect/files')), '/connect/files');
  const answers: BrowserPage[] = [consent, leaving];
  for (const browser of [ada, nobody])
    for (const path of [
      ...['/login', '/login?next=//evil.example', '/invite/nobody', '/account', '/account?done=password', '/logout'],
      ...['/account/connections', '/account/connections?done=untold', '/connect/files', '/connect/files?done=1'],
      ...['/connect/nothing', '/connect/files?for=changed', '/oauth/authorize', '/oauth/authorize?client_id=x'],
      ...[
        '/oauth/consent/unknown',
        '/oauth/callback?state=x&code=y',
        '/login/oidc/nobody',
        '/login/oidc/callback?state=x',
      ],
    ])
      answers.push(await browser.get(at(path)));
  for (const path of ['/login', '/account/password', '/connect/files', '/logout', new URL(consent.url).pathname])
    answers.push(
      await ada.post(at(path), {}),
      await nobody.post(at(path), {}),
      await ada.post(at(path), { x: 'x'.repeat(20_000) }),
      await ada.get(at(path), { 'x-http-method-override': 'DELETE' }),
    );
  answers.push(
    await ada.post(consent.url, {
      ...readForm(consent, new URL(consent.url).pathname),
      remember: '',
      answer: 'approve',
    }),
  );
  assert.match(answers.at(-1)?.text ?? '', /http-equiv="refresh"/);
  let pages = 0;
  for (const { url, status, headers, text } of answers) {
    const what = `${status} ${url}`;
    if (status !== 303) assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
    // What programs read cannot be clicked on.
    if (!headers.get('content-type')?.startsWith('text/html') && status !== 303) continue;
    pages++;
    const csp = headers.get('content-security-policy') ?? '';
    for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"])
      assert.ok(csp.includes(rule), `${what}: ${csp}`);
    assert.doesNotMatch(csp, /script-src|unsafe/, what);
    assert.equal(headers.get('x-frame-options'), 'DENY', what);
    assert.equal(headers.get('cache-control'), 'no-store', what);
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', what);
    assert.doesNotMatch(text, /<script|javascript:|\son[a-z]+=/i, what);
  }
  assert.ok(pages > 40, `${pages} pages of ${answers.length}`);
});
