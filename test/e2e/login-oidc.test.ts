/** Signing in at a real OpenID provider, and everything that must not pass for it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Browser, type BrowserPage, createBrowser } from '../support/browser.ts';
import {
  CLIENT,
  type Claims,
  signInAtProvider,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../support/identity-provider.ts';
import { type LoginSite, PASSWORD, startLoginSite } from '../support/login-site.ts';

interface Setting {
  readonly site: LoginSite;
  readonly idp: TestIdentityProvider;
  configure(provider: object): void;
}

const ADA: Claims = {
  ...{ name: 'Ada Lovelace', preferred_username: 'ada', email: 'ada@example.com', email_verified: true },
  groups: ['engineering', 'gateway-admins'],
};

async function start(t: TestContext, provider: object = {}): Promise<Setting> {
  const site = await startLoginSite(t);
  const idp = await startIdentityProvider(t, () => site.url);
  idp.people.set('sub-ada', ADA);
  const configure = (more: object): void =>
    site.configure({
      providers: {
        corp: {
          ...{ title: 'Example Corp', issuer: idp.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret },
          scopes: ['profile', 'email', 'groups'],
          ...more,
        },
      },
    });
  configure({ createUsers: true, defaultRole: 'member', ...provider });
  return { site, idp, configure };
}

/** Up to the redirect that brings the browser back. */
async function comingBack({ site }: Setting, browser: Browser, login = 'sub-ada', next = ''): Promise<string> {
  const begun = await browser.get(`${site.url}/login/oidc/corp${next}`);
  assert.equal(begun.status, 303, begun.text);
  return (await signInAtProvider(browser, begun, login)).location ?? assert.fail('the provider sent nobody back');
}

async function signIn(setting: Setting, browser = createBrowser(), login = 'sub-ada'): Promise<BrowserPage> {
  return browser.get(await comingBack(setting, browser, login));
}

const users = async ({ site }: Setting) => (await site.objects.list('user', { limit: 100 })).map(({ body }) => body);

test('somebody signs in at the provider, gets an account here, and is the same person the next time', async (t) => {
  const setting = await start(t);
  const { site, idp } = setting;
  const browser = createBrowser();
  const page = await browser.get(`${site.url}/login?next=/account%3Fx=1`);
  assert.match(page.text, /href="\/login\/oidc\/corp\?next=%2Faccount%3Fx%3D1">Sign in with Example Corp</);
  const back = await comingBack(setting, browser, 'sub-ada', '?next=%2Faccount%3Fx%3D1');
  assert.equal(new URL(back).searchParams.get('iss'), idp.issuer);
  const done = await browser.get(back);
  assert.deepEqual([done.status, done.location], [303, `${site.url}/account?x=1`]);
  assert.match((await browser.follow(done)).text, /<h1>ada<\/h1>/);
  assert.deepEqual(await users(setting), [
    {
      ...{ name: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.com', isActive: true, role: 'member' },
      ...{ identities: [{ issuer: idp.issuer, subject: 'sub-ada' }], teams: [], labels: {} },
    },
  ]);
  const [change] = await site.objects.changes({ kind: 'user', limit: 1 });
  assert.deepEqual(change?.actor, { type: 'gateway', id: 'login', name: 'sign-in at corp' });

  // Another name and address, the same subject.
  idp.people.set('sub-ada', { ...ADA, preferred_username: 'countess', email: 'new@example.com' });
  assert.equal((await signIn(setting)).status, 303);
  const [only, more] = await users(setting);
  assert.deepEqual([only?.name, only?.email, more], ['ada', 'new@example.com', undefined]);
});

test('the request asks for a code with PKCE, a state and a nonce that are new each time', async (t) => {
  const { site, idp } = await start(t);
  const urls = [];
  for (let i = 0; i < 2; i++)
    urls.push(new URL((await createBrowser().get(`${site.url}/login/oidc/corp`)).location ?? ''));
  const [one, two] = urls.map(({ searchParams }) => Object.fromEntries(searchParams));
  assert.equal(urls[0]?.origin, idp.issuer);
  assert.deepEqual(
    { ...one, state: '', nonce: '', code_challenge: '' },
    {
      ...{ client_id: CLIENT.id, response_type: 'code', redirect_uri: `${site.url}/login/oidc/callback` },
      ...{
        scope: 'openid profile email groups',
        code_challenge_method: 'S256',
        state: '',
        nonce: '',
        code_challenge: '',
      },
    },
  );
  for (const name of ['state', 'nonce', 'code_challenge'] as const) assert.notEqual(one?.[name], two?.[name]);
});

test('claims give role and teams at every sign-in, and take them again', async (t) => {
  const setting = await start(t, {
    roleMapping: [
      { claim: 'groups', value: 'gateway-admins', role: 'admin' },
      { claim: 'groups', value: 'eng*', role: 'operator' },
      { claim: 'realm_access.roles', value: 'boss', role: 'owner' },
    ],
    teamMapping: [
      { claim: 'groups', value: 'engineering', team: 'Engineering' },
      { claim: 'groups', value: 'sales', team: 'Sales' },
      { claim: 'groups', value: 'engineering', team: 'There is none' },
    ],
  });
  const { site, idp } = setting;
  const by = { actor: { type: 'operator', id: 'x', name: 'x' }, via: 'cli' } as const;
  const team = (id: string, name: string) => ({ action: 'create', kind: 'team', id, name, body: { name } }) as const;
  await site.objects.write([team('team_e', 'Engineering'), team('team_s', 'Sales'), team('team_x', 'By hand')], by, 1);
  const first = createBrowser();
  await signIn(setting, first);
  const read = async () => {
    const [user] = await users(setting);
    return [user?.role, user?.teams];
  };
  assert.deepEqual(await read(), ['admin', ['team_e']]);
  const [object] = await site.objects.list('user', { limit: 1 });
  await site.changeUser(object?.id ?? '', { teams: ['team_x', 'team_e'] });

  idp.people.set('sub-ada', { ...ADA, groups: ['sales', 'engines'] });
  await signIn(setting);
  assert.deepEqual(await read(), ['operator', ['team_x', 'team_s']]);
  // With the role, the older session ended.
  assert.equal((await first.get(`${site.url}/account`)).status, 303);
  idp.people.set('sub-ada', { ...ADA, groups: [], realm_access: { roles: ['boss'] } });
  await signIn(setting);
  assert.deepEqual(await read(), ['owner', ['team_x']]);
  idp.people.set('sub-ada', { ...ADA, groups: [] });
  await signIn(setting);
  assert.deepEqual(await read(), ['member', ['team_x']]);
});

test('whom no rule gives a role does not get in, and a role set here stays where there are no rules', async (t) => {
  const setting = await start(t);
  const { site, idp, configure } = setting;
  await signIn(setting);
  const [object] = await site.objects.list('user', { limit: 1 });
  await site.changeUser(object?.id ?? '', { role: 'owner' });
  await signIn(setting);
  assert.equal((await users(setting))[0]?.role, 'owner');

  configure({ roleMapping: [{ claim: 'groups', value: 'nobody-has-this', role: 'admin' }] });
  const refused = await signIn(setting);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /no access here/);
  assert.equal((await users(setting))[0]?.role, 'owner');
  configure({ createUsers: false });
  idp.people.set('sub-bob', { preferred_username: 'bob' });
  const stranger = await signIn(setting, createBrowser(), 'sub-bob');
  assert.match(stranger.text, /There is no account here for you/);
  assert.equal((await users(setting)).length, 1);
});

test('a disabled account does not get in by a provider either', async (t) => {
  const setting = await start(t);
  const browser = createBrowser();
  await signIn(setting, browser);
  const [object] = await setting.site.objects.list('user', { limit: 1 });
  await setting.site.changeUser(object?.id ?? '', { isActive: false });
  assert.equal((await browser.get(`${setting.site.url}/account`)).status, 303);
  assert.match((await signIn(setting)).text, /switched off/);
});

test('an e-mail address makes nobody somebody else, unless the operator said so and the provider has verified it', async (t) => {
  const setting = await start(t, { createUsers: true });
  const { site, idp, configure } = setting;
  const local = await site.addUser('boss', 'owner', PASSWORD, { email: 'Ada@Example.com' });
  await signIn(setting);
  assert.deepEqual(
    (await users(setting)).map(({ name, role }) => [name, role]),
    [
      ['boss', 'owner'],
      ['ada', 'member'],
    ],
  );
  // Nor does a name.
  idp.people.set('sub-eve', { preferred_username: 'boss', email: 'eve@example.com', email_verified: true });
  await signIn(setting, createBrowser(), 'sub-eve');
  assert.equal((await users(setting)).at(-1)?.name, 'eve@example.com');

  configure({ createUsers: true, defaultRole: 'member', linkByEmail: true });
  idp.people.set('sub-unverified', { email: 'ada@example.com', email_verified: false });
  await signIn(setting, createBrowser(), 'sub-unverified');
  idp.people.set('sub-text', { email: 'ada@example.com', email_verified: 'true' });
  await signIn(setting, createBrowser(), 'sub-text');
  assert.deepEqual((await site.user(local.id)).identities, []);
  // Two have the address: nobody is meant.
  idp.people.set('sub-other', { email: 'ada@example.com', email_verified: true });
  await signIn(setting, createBrowser(), 'sub-other');
  assert.deepEqual((await site.user(local.id)).identities, []);

  await site.addUser('solo', 'admin', undefined, { email: 'solo@example.com' });
  idp.people.set('sub-solo', { email: 'SOLO@example.com', email_verified: true });
  await signIn(setting, createBrowser(), 'sub-solo');
  const solo = (await users(setting)).find(({ name }) => name === 'solo');
  assert.deepEqual(solo?.identities, [{ issuer: idp.issuer, subject: 'sub-solo' }]);
  assert.equal(solo?.role, 'admin');
});

test('nobody gets hold of who comes later by bringing their address along from another provider', async (t) => {
  const setting = await start(t);
  const { idp, configure } = setting;
  idp.people.set('sub-mallory', { preferred_username: 'mallory', email: 'victim@example.com', email_verified: false });
  await signIn(setting, createBrowser(), 'sub-mallory');
  assert.equal((await users(setting))[0]?.email, undefined);
  idp.people.set('sub-mallory', { preferred_username: 'mallory', email: 'victim@example.com', email_verified: true });
  await signIn(setting, createBrowser(), 'sub-mallory');
  assert.equal((await users(setting))[0]?.email, 'victim@example.com');

  configure({ createUsers: true, defaultRole: 'member', linkByEmail: true });
  idp.people.set('sub-victim', { preferred_username: 'victim', email: 'victim@example.com', email_verified: true });
  await signIn(setting, createBrowser(), 'sub-victim');
  assert.deepEqual(
    (await users(setting)).map(({ name, identities }) => [name, (identities as unknown[]).length]),
    [
      ['mallory', 1],
      ['victim', 1],
    ],
  );
});

test('two first sign-ins at once make one user', async (t) => {
  const setting = await start(t);
  const browsers = [createBrowser(), createBrowser()];
  const backs: string[] = [];
  for (const browser of browsers) backs.push(await comingBack(setting, browser));
  const pages = await Promise.all(browsers.map((browser, i) => browser.get(backs[i] ?? '')));
  assert.deepEqual(
    pages.map(({ status }) => status),
    [303, 303],
  );
  assert.equal((await users(setting)).length, 1);
});

test('what the browser comes back with is good once, in that browser, and for ten minutes', async (t) => {
  const setting = await start(t);
  const { site } = setting;
  const browser = createBrowser();
  const back = await comingBack(setting, browser);
  // Somebody else cannot be made to finish it (and be signed in as whoever began).
  const victim = createBrowser();
  await victim.get(`${site.url}/login`);
  assert.equal((await victim.get(back)).status, 403);
  // With that it was used up.
  assert.equal((await browser.get(back)).status, 403);

  const replayed = await comingBack(setting, browser);
  assert.equal((await browser.get(replayed)).status, 303);
  assert.equal((await browser.get(replayed)).status, 403);

  const late = await comingBack(setting, browser);
  site.clock.nowMs += 600_000;
  assert.equal((await browser.get(late)).status, 403);
});

test('a wrong state, issuer or code does not pass', async (t) => {
  const setting = await start(t);
  const browser = createBrowser();
  const change = async (edit: (url: URL) => void): Promise<BrowserPage> => {
    const url = new URL(await comingBack(setting, browser));
    edit(url);
    return browser.get(url.href);
  };
  for (const edit of [
    (url: URL) => url.searchParams.set('state', 'x'.repeat(43)),
    (url: URL) => url.searchParams.delete('state'),
    (url: URL) => url.searchParams.append('state', 'another'),
    (url: URL) => url.searchParams.set('iss', 'https://evil.example'),
    (url: URL) => url.searchParams.delete('iss'),
    (url: URL) => url.searchParams.set('code', 'not-the-code'),
    (url: URL) => url.searchParams.delete('code'),
    (url: URL) => url.searchParams.append('code', 'another'),
  ]) {
    const page = await change(edit);
    assert.equal(page.status, 403, edit.toString());
    assert.deepEqual(page.setCookies, [], edit.toString());
  }
  assert.equal((await users(setting)).length, 0);
});

test('an expired code does not pass', async (t) => {
  const setting = await start(t);
  setting.idp.codesAreOld = true;
  const page = await signIn(setting);
  assert.equal(page.status, 403);
  assert.match(page.text, /The sign-in at Example Corp failed/);
  setting.idp.codesAreOld = false;
  assert.equal((await signIn(setting)).status, 303);
});

test('an ID token for another nonce, client, issuer, person or time, or signed by nobody we know, does not pass', async (t) => {
  const setting = await start(t);
  const { idp } = setting;
  const nowS = Math.floor(Date.now() / 1000);
  type Tamper = NonNullable<TestIdentityProvider['tamper']>;
  const cases: { readonly [what: string]: Tamper } = {
    nonce: (claims, sign) => sign({ ...claims, nonce: 'another' }),
    'no nonce': ({ nonce: _, ...claims }, sign) => sign(claims),
    audience: (claims, sign) => sign({ ...claims, aud: 'another-client' }),
    'a second audience without azp': (claims, sign) => sign({ ...claims, aud: [CLIENT.id, 'other'], azp: 'other' }),
    issuer: (claims, sign) => sign({ ...claims, iss: 'https://evil.example' }),
    subject: (claims, sign) => sign({ ...claims, sub: 'sub-boss' }),
    expired: (claims, sign) => sign({ ...claims, exp: nowS - 600 }),
    'no expiry': ({ exp: _, ...claims }, sign) => sign(claims),
    'not signed': (claims, sign) => `${sign(claims, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
    'a broken signature': (claims, sign) => `${sign(claims).slice(0, -8)}AAAAAAAA`,
    'an unknown key': (claims, sign) => sign(claims, { kid: 'another-key' }),
    'no token': () => '',
  };
  for (const [what, tamper] of Object.entries(cases)) {
    idp.tamper = tamper;
    const page = await signIn(setting);
    assert.equal(page.status, 403, what);
    assert.deepEqual(page.setCookies, [], what);
  }
  idp.tamper = (claims, sign) => sign(claims);
  assert.equal((await signIn(setting)).status, 303);
  assert.equal((await users(setting)).length, 1);
});

test('keys that the provider has changed are seen at once', async (t) => {
  const setting = await start(t);
  assert.equal((await signIn(setting)).status, 303);
  setting.idp.rotateKeys();
  assert.equal((await signIn(setting)).status, 303);
});

test('a provider that is down is said in words, and passwords go on working', async (t) => {
  const setting = await start(t);
  const { site, idp } = setting;
  await site.addUser('boss', 'owner', PASSWORD);
  const browser = createBrowser();
  const back = await comingBack(setting, browser);
  for (const down of [503, undefined]) {
    idp.down = down;
    if (down === undefined) await idp.close();
    const late = down === undefined ? undefined : await browser.get(back);
    if (late !== undefined) assert.equal(late.status, 503);
    site.configure({
      providers: {
        corp: { title: 'Example Corp', issuer: idp.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret },
      },
    });
    const page = await browser.get(`${site.url}/login/oidc/corp`);
    assert.equal(page.status, 503);
    assert.match(page.text, /Example Corp cannot be reached/);
    assert.match(page.text, /sign in with a password of this gateway/);
  }
  const form = await browser.get(`${site.url}/login`);
  assert.equal((await browser.submit(form, '/login', { name: 'boss', password: PASSWORD })).status, 303);
  assert.ok(site.log.some((line) => line.startsWith('an identity provider cannot be used')));
});

test('many who begin a sign-in do not make the gateway ask the provider as often', async (t) => {
  const { site, idp } = await start(t);
  await Promise.all(Array.from({ length: 20 }, () => createBrowser().get(`${site.url}/login/oidc/corp`)));
  assert.deepEqual(idp.requests, ['GET /.well-known/openid-configuration']);
});

test('a provider that calls itself by another name, or sends elsewhere in plain http, is not used', async (t) => {
  const setting = await start(t);
  const { site, idp, configure } = setting;
  const attempt = () => createBrowser().get(`${site.url}/login/oidc/corp`);
  idp.discovery = { issuer: 'https://evil.example' };
  assert.equal((await attempt()).status, 503);
  // A provider on this machine may not lead to where nothing but this network's secrets are.
  idp.discovery = { token_endpoint: 'http://169.254.169.254/latest/meta-data' };
  configure({ createUsers: true, defaultRole: 'member' });
  const page = await signIn(setting);
  assert.equal(page.status, 503);
});

test('somebody who does not agree at the provider is told so', async (t) => {
  const setting = await start(t);
  const browser = createBrowser();
  const begun = await browser.get(`${setting.site.url}/login/oidc/corp`);
  const page = await browser.follow(begun, setting.idp.issuer);
  const back = await browser.follow(await browser.get(`${page.url}/abort`), setting.idp.issuer);
  const end = await browser.get(back.location ?? '');
  assert.equal(end.status, 403);
  assert.match(end.text, /cancelled or not allowed/);
});

test('whoever signed in at a provider can sign out there as well, and comes back', async (t) => {
  const setting = await start(t);
  const { site, idp } = setting;
  const browser = createBrowser();
  await signIn(setting, browser);
  const out = await browser.submit(await browser.get(`${site.url}/account`), '/logout');
  assert.equal(out.status, 200);
  assert.equal(browser.cookie(site.url, 'portcullis'), undefined);
  assert.equal((await browser.get(`${site.url}/account`)).status, 303);
  const link = /href="([^"]+)">Sign out at Example Corp/.exec(out.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
  assert.equal(new URL(link).origin, idp.issuer);
  const page = await browser.get(link);
  assert.equal(page.status, 200, page.text);
  const back = await browser.submit(page, '/session/end/confirm', { logout: 'yes' });
  assert.equal(back.location, `${site.url}/login?signed-out=1`);
  // The provider asks anew.
  const begun = await browser.get(`${site.url}/login/oidc/corp`);
  assert.match((await browser.follow(begun, idp.issuer)).text, /name="password"/);

  idp.discovery = { end_session_endpoint: undefined };
  await signIn(setting, browser);
  const quiet = await browser.submit(await browser.get(`${site.url}/account`), '/logout');
  assert.equal(quiet.location, `${site.url}/login?signed-out=1`);
});

test('where passwords are switched off none is asked for or taken', async (t) => {
  const setting = await start(t);
  const { site, idp } = setting;
  const { id } = await site.addUser('boss', 'owner', PASSWORD);
  const browser = createBrowser();
  const form = await browser.get(`${site.url}/login`);
  const { token } = await site.people.accounts.invite(id);
  site.configure({ localAccounts: false, providers: { corp: { issuer: idp.issuer, clientId: CLIENT.id } } });
  assert.doesNotMatch((await browser.get(`${site.url}/login`)).text, /type="password"/);
  assert.equal((await browser.submit(form, '/login', { name: 'boss', password: PASSWORD })).status, 403);
  assert.equal((await browser.get(`${site.url}/invite/${token}`)).status, 404);
});

test('no log line holds a code, a token or the secret of the client', async (t) => {
  const setting = await start(t);
  const { site, idp } = setting;
  const browser = createBrowser();
  const back = new URL(await comingBack(setting, browser));
  await browser.get(back.href);
  idp.tamper = (claims, sign) => sign({ ...claims, nonce: 'another' });
  await signIn(setting);
  const text = site.log.join('\n');
  assert.match(text, /a sign-in at a provider failed/);
  for (const secret of [CLIENT.secret, back.searchParams.get('code'), back.searchParams.get('state'), 'eyJ'])
    assert.equal(text.includes(secret ?? 'x'), false, text);
});
