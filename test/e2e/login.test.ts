/** Signing in with a password of the gateway, and what keeps others from doing it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Browser, type BrowserPage, createBrowser } from '../support/browser.ts';
import { CHEAP, type LoginSite, PASSWORD, startLoginSite } from '../support/login-site.ts';
import { createTempDir } from '../support/temp-dir.ts';

async function signIn(site: LoginSite, browser: Browser, name = 'ada', password = PASSWORD): Promise<BrowserPage> {
  return browser.submit(await browser.get(`${site.url}/login`), '/login', { name, password });
}

/** A site with one owner, and her browser signed in. */
async function signedIn(t: TestContext): Promise<{ site: LoginSite; browser: Browser; userId: string }> {
  const site = await startLoginSite(t);
  const { id } = await site.addUser('ada', 'owner', PASSWORD);
  const browser = createBrowser();
  assert.equal((await signIn(site, browser)).status, 303);
  return { site, browser, userId: id };
}

const isSignedIn = async (site: LoginSite, browser: Browser): Promise<boolean> =>
  (await browser.get(`${site.url}/account`)).status === 200;

test('somebody signs in with name and password, sees who they are, and signs out', async (t) => {
  const site = await startLoginSite(t);
  await site.addUser('Ada', 'owner', PASSWORD);
  const browser = createBrowser();
  const away = await browser.get(`${site.url}/account`);
  assert.equal(away.location, `${site.url}/login?next=%2Faccount`);
  const page = await browser.follow(away);
  // Names are the same whatever their case.
  const done = await browser.submit(page, '/login', { name: 'aDA', password: PASSWORD });
  assert.deepEqual([done.status, done.location], [303, `${site.url}/account`]);
  const account = await browser.follow(done);
  assert.match(account.text, /<h1>Ada<\/h1>/);
  assert.match(account.text, /role <strong>owner<\/strong>/);
  assert.match(account.text, /Firefox on Linux/);
  assert.equal((await browser.get(`${site.url}/login`)).location, `${site.url}/account`);
  const out = await browser.submit(account, '/logout');
  assert.equal(out.location, `${site.url}/login?signed-out=1`);
  assert.match((await browser.follow(out)).text, /You are signed out/);
  assert.equal(browser.cookie(site.url, 'portcullis'), undefined);
  assert.equal(await isSignedIn(site, browser), false);
});

test('a wrong name, a wrong password, no password and a disabled account cannot be told apart', async (t) => {
  const site = await startLoginSite(t, { login: { lockOutByAddress: false } });
  await site.addUser('ada', 'owner', PASSWORD);
  await site.addUser('sso', 'member');
  await site.addUser('gone', 'member', PASSWORD, { isActive: false });
  // The first of all makes the hash that stands in for those that nobody has.
  await signIn(site, createBrowser(), 'first', 'of all');
  const answers = [];
  for (const [name, password] of [
    ['nobody', PASSWORD],
    ['ada', 'not the password'],
    ['sso', PASSWORD],
    ['gone', PASSWORD],
    ['', ''],
  ] as const) {
    const before = { ...site.work };
    const page = await signIn(site, createBrowser(), name, password);
    const work = [site.work.hashes - before.hashes, site.work.checks - before.checks];
    // But for the token, and the name that was typed.
    answers.push({ status: page.status, work, text: page.text.replaceAll(/<input[^>]*>/g, '') });
  }
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.deepEqual(answers[0]?.work, [0, 1]);
  assert.equal(answers[0]?.status, 403);
  assert.match(answers[0]?.text ?? '', /Name or password is wrong/);
});

test('failed attempts make that name wait, longer each time and never for good; the right password counts only after', async (t) => {
  const site = await startLoginSite(t, { login: { lockOutByAddress: false } });
  await site.addUser('ada', 'owner', PASSWORD);
  await site.addUser('bob', 'member', PASSWORD);
  const attempt = (name: string, password: string) => signIn(site, createBrowser(), name, password);
  for (let i = 0; i < 6; i++) assert.equal((await attempt('ada', 'wrong wrong wrong')).status, 403);
  const checks = site.work.checks;
  const locked = await attempt('ADA', PASSWORD);
  assert.deepEqual([locked.status, locked.headers.get('retry-after')], [429, '5']);
  assert.match(locked.text, /Try again in 5 seconds/);
  assert.equal(site.work.checks, checks);
  assert.equal((await attempt('bob', PASSWORD)).status, 303);
  site.clock.nowMs += 5_000;
  assert.equal((await attempt('ada', 'wrong wrong wrong')).status, 403);
  assert.equal((await attempt('ada', PASSWORD)).headers.get('retry-after'), '10');
  for (let i = 0; i < 12; i++) {
    site.clock.nowMs += 900_000;
    assert.equal((await attempt('ada', 'wrong wrong wrong')).status, 403);
  }
  assert.equal((await attempt('ada', PASSWORD)).headers.get('retry-after'), '900');
  site.clock.nowMs += 900_000;
  assert.equal((await attempt('ada', PASSWORD)).status, 303);
  // All is forgiven.
  assert.equal((await attempt('ada', 'wrong wrong wrong')).status, 403);
  assert.equal((await attempt('ada', PASSWORD)).status, 303);
});

test('names that nobody has wait just the same', async (t) => {
  const site = await startLoginSite(t);
  for (let i = 0; i < 6; i++) assert.equal((await signIn(site, createBrowser(), 'nobody', 'x')).status, 403);
  assert.equal((await signIn(site, createBrowser(), 'nobody', 'x')).status, 429);
});

test('sixty-four guesses at once get no more attempts than one after the other', async (t) => {
  const site = await startLoginSite(t, { login: { lockOutByAddress: false } });
  await site.addUser('ada', 'owner', PASSWORD);
  const browser = createBrowser();
  const page = await browser.get(`${site.url}/login`);
  const guesses = Array.from({ length: 64 }, () =>
    browser.submit(page, '/login', { name: 'ada', password: 'guess guess guess' }),
  );
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 403).length, 6);
  assert.equal(statuses.filter((status) => status === 429).length, 58);
  assert.equal(site.work.checks, 6);
});

test('an owner lets a name try again at once', async (t) => {
  const site = await startLoginSite(t);
  await site.addUser('ada', 'owner', PASSWORD);
  for (let i = 0; i < 7; i++) await signIn(site, createBrowser(), 'ada', 'wrong wrong wrong');
  assert.equal((await signIn(site, createBrowser())).status, 429);
  await site.people.accounts.unlock('Ada');
  assert.equal((await signIn(site, createBrowser())).status, 303);
});

test('an address that tries many names has to wait; somebody who may is not counted', async (t) => {
  const site = await startLoginSite(t);
  await site.addUser('ada', 'owner', PASSWORD);
  for (let i = 0; i < 20; i++) assert.equal((await signIn(site, createBrowser())).status, 303);
  for (let i = 0; i < 31; i++) assert.equal((await signIn(site, createBrowser(), `name-${i}`, 'x')).status, 403);
  assert.equal((await signIn(site, createBrowser(), 'another', 'x')).status, 429);
  // A wait by address is none of the name: from elsewhere she could.
  assert.equal((await signIn(site, createBrowser())).status, 429);
  site.clock.nowMs += 2_000;
  assert.equal((await signIn(site, createBrowser())).status, 303);
});

test('a hash of other parameters is made anew at the next sign-in, and the password stays the same', async (t) => {
  const dataDir = await createTempDir(t);
  const old = await startLoginSite(t, { dataDir, cost: { ...CHEAP, passes: 2 } });
  const { id } = await old.addUser('ada', 'owner', PASSWORD);
  const before = (await old.store.password(id)) ?? '';
  assert.match(before, /^\$argon2id\$v=19\$m=64,t=2,p=1\$/);
  const site = await startLoginSite(t, { dataDir });
  assert.equal((await signIn(site, createBrowser(), 'ada', 'wrong wrong wrong')).status, 403);
  assert.equal(await site.store.password(id), before);
  assert.equal((await signIn(site, createBrowser())).status, 303);
  assert.match((await site.store.password(id)) ?? '', /m=64,t=1,p=1/);
  assert.equal((await signIn(site, createBrowser())).status, 303);
});

test('a session begins with a new cookie, whatever cookie was there before, and the old session ends', async (t) => {
  const { site, browser } = await signedIn(t);
  const first = browser.cookie(site.url, 'portcullis') ?? '';
  const page = await createBrowser().get(`${site.url}/login`);
  assert.equal(
    page.setCookies.some((line) => line.startsWith('portcullis=')),
    false,
  );

  // Somebody planted a cookie of their own.
  const victim = createBrowser();
  const planted = 'A'.repeat(43);
  victim.setCookie(site.url, 'portcullis', planted);
  assert.equal((await signIn(site, victim)).status, 303);
  assert.notEqual(victim.cookie(site.url, 'portcullis'), planted);
  const attacker = createBrowser();
  attacker.setCookie(site.url, 'portcullis', planted);
  assert.equal(await isSignedIn(site, attacker), false);

  // Signing in again by the form, with the session's cookie.
  const { token, cookie } = site.people.signIns.formToken({ method: 'GET', header: () => '127.0.0.1:1' });
  browser.setCookie(site.url, 'portcullis-browser', /=([^;]+)/.exec(cookie ?? '')?.[1] ?? '');
  const again = await browser.post(`${site.url}/login`, { csrf: token, name: 'ada', password: PASSWORD });
  assert.equal(again.status, 303);
  assert.notEqual(browser.cookie(site.url, 'portcullis'), first);
  const old = createBrowser();
  old.setCookie(site.url, 'portcullis', first);
  assert.equal(await isSignedIn(site, old), false);
});

test('cookies are out of reach of scripts and other sites, and behind https bound to it', async (t) => {
  const { site, browser } = await signedIn(t);
  const plain = (await signIn(site, createBrowser())).setCookies;
  assert.match(plain[0] ?? '', /^portcullis=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/);
  assert.equal(await isSignedIn(site, browser), true);

  const secure = await startLoginSite(t, { publicUrl: 'https://gateway.example' });
  await secure.addUser('ada', 'owner', PASSWORD);
  const { signIns } = secure.people;
  const headers: Record<string, string> = { host: 'gateway.example' };
  const request = { method: 'POST', remoteAddress: '192.0.2.1', header: (name: string) => headers[name] };
  const form = signIns.formToken(request);
  assert.match(
    form.cookie ?? '',
    /^__Host-portcullis-browser=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/,
  );
  const end = await signIns.withPassword(request, 'ada', PASSWORD);
  assert.match(end.type === 'signed-in' ? end.cookie : '', /^__Host-portcullis=[\w-]{43}; .*; Secure$/);
  // A cookie without the prefix could have been set by another name of the domain.
  const value = /=([\w-]+)/.exec(end.type === 'signed-in' ? end.cookie : '')?.[1];
  headers.cookie = `__Host-portcullis=${value}`;
  assert.equal((await secure.people.sessions.find(request))?.name, 'ada');
  headers.cookie = `portcullis=${value}`;
  assert.equal(await secure.people.sessions.find(request), undefined);
});

test('over a network without https nobody can sign in', async (t) => {
  const site = await startLoginSite(t);
  await site.addUser('ada', 'owner', PASSWORD);
  const { signIns } = site.people;
  const headers: Record<string, string> = { host: 'gateway.example' };
  const request = { method: 'POST', remoteAddress: '192.0.2.1', header: (name: string) => headers[name] };
  assert.equal(signIns.siteOf(request), undefined);
  assert.deepEqual(await signIns.withPassword(request, 'ada', PASSWORD), { type: 'refused' });
});

test('a session ends when unused, and after its time however much it is used', async (t) => {
  const { site, browser } = await signedIn(t);
  const hours = 3_600_000;
  site.clock.nowMs += 12 * hours - 1;
  assert.equal(await isSignedIn(site, browser), true);
  site.clock.nowMs += 12 * hours;
  assert.equal(await isSignedIn(site, browser), false);

  await signIn(site, browser);
  for (let i = 0; i < 7 * 24; i++) {
    assert.equal(await isSignedIn(site, browser), true, `hour ${i}`);
    site.clock.nowMs += hours;
  }
  assert.equal(await isSignedIn(site, browser), false);
});

test('a session ends at once with the role, the account, or its password', async (t) => {
  const { site, browser, userId } = await signedIn(t);
  await site.changeUser(userId, { displayName: 'Ada L.' });
  assert.equal(await isSignedIn(site, browser), true);
  await site.changeUser(userId, { role: 'admin' });
  assert.equal(await isSignedIn(site, browser), false);
  await site.changeUser(userId, { role: 'owner' });
  // Not asleep: over.
  assert.equal(await isSignedIn(site, browser), false);

  await signIn(site, browser);
  await site.changeUser(userId, { isActive: false });
  assert.equal(await isSignedIn(site, browser), false);
  await site.changeUser(userId, { isActive: true });

  await signIn(site, browser);
  await site.people.accounts.setPassword(userId, 'ada', 'another good password');
  assert.equal(await isSignedIn(site, browser), false);
  assert.equal((await signIn(site, browser)).status, 403);
  assert.equal((await signIn(site, browser, 'ada', 'another good password')).status, 303);

  await site.objects.write(
    [{ action: 'delete', kind: 'user', id: userId, ifVersion: undefined }],
    { actor: { type: 'operator', id: 'x', name: 'x' }, via: 'cli' },
    1,
  );
  assert.equal(await isSignedIn(site, browser), false);
});

test('forms are taken from our own pages in the same browser only', async (t) => {
  const { site, browser, userId } = await signedIn(t);
  const url = `${site.url}/account/sessions/end`;
  const page = await browser.get(`${site.url}/account`);
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  await signIn(site, createBrowser());
  const other = (await site.people.sessions.list(userId))[0]?.id ?? '';
  const fields = { csrf, session: other };
  for (const [what, send] of Object.entries({
    'another site': () => browser.post(url, fields, { headers: { 'sec-fetch-site': 'cross-site' } }),
    'another port of this machine': () => browser.post(url, fields, { headers: { 'sec-fetch-site': 'same-site' } }),
    'an origin of this machine': () =>
      browser.post(url, fields, { headers: { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' } }),
    'no token': () => browser.post(url, { session: other }),
    'a wrong token': () => browser.post(url, { ...fields, csrf: `${csrf.slice(0, -1)}!` }),
  })) {
    assert.equal((await send()).status, 403, what);
    assert.equal((await site.people.sessions.list(userId)).length, 2, what);
  }
  // The token of one session is none for another.
  const second = createBrowser();
  await signIn(site, second);
  assert.equal((await second.post(url, fields)).status, 403);
  assert.equal((await browser.post(url, fields)).status, 303);

  // Nobody is signed in by a page of somebody else either.
  const victim = createBrowser();
  const form = await victim.get(`${site.url}/login`);
  const forged = await createBrowser().get(`${site.url}/login`);
  const token = /name="csrf" value="([^"]+)"/.exec(forged.text)?.[1] ?? '';
  const typed = { name: 'ada', password: PASSWORD };
  assert.equal((await victim.submit(form, '/login', { ...typed, csrf: token })).status, 403);
  const from = await victim.post(`${site.url}/login`, { ...typed }, { headers: { 'sec-fetch-site': 'cross-site' } });
  assert.equal(from.status, 403);
  assert.equal(victim.cookie(site.url, 'portcullis'), undefined);
});

test('a request with a session and the token in a header is believed by the admin API, from our own site only', async (t) => {
  const { site, browser } = await signedIn(t);
  const headers: Record<string, string> = {
    host: new URL(site.url).host,
    cookie: `portcullis=${browser.cookie(site.url, 'portcullis')}`,
  };
  const request = { method: 'POST', header: (name: string) => headers[name] };
  const { sessions } = site.people;
  assert.deepEqual(
    { ...(await sessions.find(request)), id: '', sessionId: '' },
    { type: 'user', id: '', name: 'ada', role: 'owner', sessionId: '' },
  );
  headers['x-portcullis-csrf'] = sessions.csrfToken(request) ?? '';
  assert.equal(sessions.checkCsrf(request).allowed, false);
  headers.origin = site.url;
  assert.equal(sessions.checkCsrf(request).allowed, true);
  headers['sec-fetch-site'] = 'same-origin';
  assert.equal(sessions.checkCsrf(request).allowed, true);
  headers['sec-fetch-site'] = 'same-site';
  assert.equal(sessions.checkCsrf(request).allowed, false);
  headers['sec-fetch-site'] = 'same-origin';
  headers.origin = 'https://elsewhere.example';
  assert.equal(sessions.checkCsrf(request).allowed, false);
  headers.origin = site.url;
  headers['x-portcullis-csrf'] = 'x';
  assert.equal(sessions.checkCsrf(request).allowed, false);
});

test('a password is changed by who knows it; other sessions end and this one goes on under a new cookie', async (t) => {
  const { site, browser } = await signedIn(t);
  const elsewhere = createBrowser();
  await signIn(site, elsewhere);
  const page = await browser.get(`${site.url}/account`);
  const change = (typed: Record<string, string>) => browser.submit(page, '/account/password', typed);
  const next = 'a new long password';
  assert.equal((await change({ before: 'wrong', password: next, again: next })).status, 403);
  assert.match((await change({ before: PASSWORD, password: next, again: 'else' })).text, /not the same/);
  assert.match((await change({ before: PASSWORD, password: 'short', again: 'short' })).text, /at least 12/);
  assert.match((await change({ before: PASSWORD, password: PASSWORD, again: PASSWORD })).text, /same as before/);
  const cookie = browser.cookie(site.url, 'portcullis');
  const done = await change({ before: PASSWORD, password: next, again: next });
  assert.equal(done.status, 303);
  assert.match((await browser.follow(done)).text, /Your password is changed/);
  assert.notEqual(browser.cookie(site.url, 'portcullis'), cookie);
  assert.equal(await isSignedIn(site, elsewhere), false);
  assert.equal((await signIn(site, elsewhere)).status, 403);
  assert.equal((await signIn(site, elsewhere, 'ada', next)).status, 303);
});

test('guesses in an open window are counted like those at the door', async (t) => {
  const { site, browser } = await signedIn(t);
  const page = await browser.get(`${site.url}/account`);
  const next = 'a new long password';
  for (let i = 0; i < 6; i++)
    assert.equal(
      (await browser.submit(page, '/account/password', { before: `guess ${i}`, password: next, again: next })).status,
      403,
    );
  assert.equal(
    (await browser.submit(page, '/account/password', { before: PASSWORD, password: next, again: next })).status,
    429,
  );
});

test('an invitation sets a password once, within its time, and only the newest counts', async (t) => {
  const site = await startLoginSite(t);
  const { id } = await site.addUser('grace', 'admin');
  const first = await site.people.accounts.invite(id);
  const { token, expiresAtMs } = await site.people.accounts.invite(id);
  assert.equal(expiresAtMs, site.clock.nowMs + 259_200_000);
  const browser = createBrowser();
  const url = (each: string) => `${site.url}/invite/${each}`;
  assert.equal((await browser.get(url(first.token))).status, 404);
  assert.equal((await browser.get(url('nonsense'))).status, 404);
  const page = await browser.get(url(token));
  assert.match(page.text, /value="grace"/);
  const set = (password: string, again = password) => browser.submit(page, `/invite/${token}`, { password, again });
  assert.equal((await set('grace')).status, 422);
  assert.equal((await set('password1234')).status, 422);
  assert.equal((await set('long enough password', 'else')).status, 422);
  const [one, two] = await Promise.all([set('long enough password'), set('long enough password')]);
  assert.deepEqual([one?.status, two?.status].sort(), [200, 404]);
  assert.equal((await browser.get(url(token))).status, 404);
  assert.equal((await signIn(site, browser, 'grace', 'long enough password')).status, 303);

  const late = await site.people.accounts.invite(id);
  site.clock.nowMs = late.expiresAtMs;
  assert.equal((await browser.get(url(late.token))).status, 404);
  const early = await site.people.accounts.invite(id);
  await site.changeUser(id, { isActive: false });
  assert.equal((await browser.get(url(early.token))).status, 404);
});

test('sessions are listed, and ended one by one or all but this one', async (t) => {
  const { site, browser, userId } = await signedIn(t);
  const others = [createBrowser(), createBrowser(), createBrowser()];
  for (const other of others) {
    site.clock.nowMs += 1_000;
    await signIn(site, other);
  }
  const page = await browser.get(`${site.url}/account`);
  assert.equal(page.text.match(/<li>/g)?.length, 4);
  assert.equal(page.text.match(/this browser/g)?.length, 1);
  // The newest of the others comes first.
  await browser.submit(page, '/account/sessions/end');
  assert.deepEqual(await Promise.all(others.map((other) => isSignedIn(site, other))), [true, true, false]);
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const stranger = await site.addUser('eve', 'member', PASSWORD);
  const eve = createBrowser();
  await signIn(site, eve, 'eve');
  const eves = (await site.people.sessions.list(stranger.id))[0]?.id ?? '';
  await browser.post(`${site.url}/account/sessions/end`, { csrf, session: eves });
  assert.equal(await isSignedIn(site, eve), true);
  await browser.post(`${site.url}/account/sessions/end`, { csrf, session: '*' });
  assert.deepEqual(await Promise.all(others.map((other) => isSignedIn(site, other))), [false, false, false]);
  assert.equal(await isSignedIn(site, browser), true);
  assert.equal((await site.people.sessions.list(userId)).length, 1);
});

test('after signing in one goes where one wanted to, and never to another site', async (t) => {
  const site = await startLoginSite(t);
  await site.addUser('ada', 'owner', PASSWORD);
  const home = `${site.url}/account`;
  for (const [next, to] of [
    ['/account?done=session#x', `${site.url}/account?done=session#x`],
    ['/console/keys', `${site.url}/console/keys`],
    ['https://evil.example/', home],
    ['//evil.example/', home],
    ['/\\evil.example/', home],
    ['/a\\b', home],
    ['/\t/evil.example', home],
    ['/login?next=/login', home],
    ['javascript:alert(1)', home],
    ['/%0d%0aSet-Cookie:x=y', `${site.url}/%0d%0aSet-Cookie:x=y`],
    ['', home],
  ]) {
    const browser = createBrowser();
    const page = await browser.get(`${site.url}/login?next=${encodeURIComponent(next ?? '')}`);
    const done = await browser.submit(page, '/login', { name: 'ada', password: PASSWORD });
    assert.deepEqual([done.status, done.location], [303, to], next);
  }
});

test('pages say that they run no script, stand in no frame and are kept nowhere; what people type is escaped', async (t) => {
  const site = await startLoginSite(t);
  await site.addUser('ada', 'owner', PASSWORD);
  const browser = createBrowser();
  const page = await signIn(site, browser, '"><script>alert(1)</script>', 'x');
  assert.doesNotMatch(page.text, /<script/);
  assert.match(page.text, /&quot;&gt;&lt;script&gt;/);
  const csp = page.headers.get('content-security-policy') ?? '';
  assert.match(csp, /^default-src 'none'; style-src 'self';/);
  assert.match(csp, /frame-ancestors 'none'/);
  assert.doesNotMatch(csp, /script-src|unsafe/);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(page.headers.get('referrer-policy'), 'same-origin');
  assert.match(page.headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/);
  const style = await browser.get(`${site.url}/login/style.css`);
  assert.match(style.headers.get('content-type') ?? '', /^text\/css/);
});

test('no answer, log line or store holds a password, a cookie or an invitation', async (t) => {
  const dataDir = await createTempDir(t);
  const site = await startLoginSite(t, { dataDir });
  const { id } = await site.addUser('ada', 'owner', PASSWORD);
  const { token } = await site.people.accounts.invite(id);
  const browser = createBrowser();
  await signIn(site, browser, PASSWORD, 'typed in the wrong field');
  await signIn(site, browser);
  const cookie = browser.cookie(site.url, 'portcullis') ?? '';
  const { readdirSync, readFileSync } = await import('node:fs');
  const { join } = await import('node:path');
  const files = readdirSync(dataDir).map((file) => readFileSync(join(dataDir, file), 'latin1'));
  for (const secret of [PASSWORD, cookie, token, 'typed in the wrong field'])
    for (const text of [...files, ...site.log]) assert.equal(text.includes(secret), false);
  assert.ok(site.log.some((line) => line.startsWith('somebody signed in')));
  assert.ok(site.log.some((line) => line.startsWith('a sign-in was refused')));
});

test('a form that is too long, of another kind or of unknown length is refused in words', async (t) => {
  const site = await startLoginSite(t);
  const browser = createBrowser();
  const long = await browser.post(`${site.url}/login`, { name: 'x'.repeat(20_000) });
  assert.deepEqual([long.status, /text\/html/.test(long.headers.get('content-type') ?? '')], [413, true]);
  const other = await fetch(`${site.url}/login`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(other.status, 415);
  const put = await fetch(`${site.url}/login`, { method: 'PUT' });
  assert.equal(put.status, 405);
  assert.equal((await browser.get(`${site.url}/login/oidc/none`)).status, 404);
});
