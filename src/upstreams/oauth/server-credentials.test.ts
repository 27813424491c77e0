import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerConfig } from '../../contracts/config.ts';
import type { AuthChallenge, ServerCredential } from '../../contracts/server-credentials.ts';
import { parseConfig } from '../../platform/config/parse-config.ts';
import { createSealer } from '../../platform/sealing/create-sealer.ts';
import { openServerCredentialStore } from '../../platform/stores/sqlite/server-credentials.ts';
import { createServerCredentials } from './server-credentials.ts';
import { openSignIn, SIGN_IN_MS, type SignInAnswer } from './sign-in.ts';
import { startOAuthServer } from './testing/oauth-server.ts';

const REDIRECT = 'http://127.0.0.1:9/oauth/callback';

async function setUp(t: TestContext, oauth?: object) {
  const server = await startOAuthServer();
  t.after(() => server[Symbol.asyncDispose]());
  const dataDir = mkdtempSync(join(tmpdir(), 'portcullis-oauth-'));
  const store = openServerCredentialStore({ dataDir });
  t.after(() => {
    store[Symbol.dispose]();
    rmSync(dataDir, { recursive: true });
  });
  const key = { id: 'a', bytes: randomBytes(32) };
  const sealer = { ...createSealer({ current: key, find: () => key }), refusal: () => undefined };
  let clockMs = 1_000_000;
  const signedIn: string[] = [];
  const kept = { store, sealer, now: () => clockMs };
  const written: unknown[] = [];
  const note = (...parts: unknown[]): void => void written.push(parts);
  const log = { debug: note, info: note, warn: note, error: note };
  const create = () => {
    const made = createServerCredentials({
      ...{ ...kept, log, redirectUrl: async () => REDIRECT },
      onSignedIn: (id) => void signedIn.push(id),
    });
    t.after(() => made[Symbol.dispose]());
    return made;
  };
  const configOf = (more?: object): ServerConfig => {
    const serverOptions = { files: { oauth: more } };
    const text = JSON.stringify({ mcpServers: { files: { url: server.mcpUrl } }, serverOptions });
    const parsed = parseConfig(text, { file: 'portcullis.json', env: {} });
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return parsed.config.servers[0] as ServerConfig;
  };
  const config = configOf(oauth);
  const credentials = create();
  const credential = credentials.of(config) as ServerCredential;
  const challenge = (sent = credential.header): AuthChallenge => ({
    status: 401,
    wwwAuthenticate: `Bearer resource_metadata="${server.origin}/.well-known/oauth-protected-resource/mcp"`,
    sent,
  });
  /** Opens the address like a browser would, up to the callback. */
  const browse = async (): Promise<SignInAnswer> => {
    const { url } = await openSignIn(kept, 'files');
    const answer = await fetch(url ?? '', { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '').searchParams;
    const [state, code, iss] = ['state', 'code', 'iss'].map((name) => back.get(name) ?? undefined);
    return { state, code, iss, error: undefined };
  };
  const signIn = async (): Promise<void> => {
    await credential.renew(challenge());
    assert.deepEqual(await credentials.finish(await browse()), { type: 'signed-in', serverName: 'files' });
  };
  const pass = (ms: number): void => {
    clockMs += ms;
  };
  return {
    server,
    store,
    kept,
    credentials,
    credential,
    config,
    configOf,
    challenge,
    browse,
    signIn,
    pass,
    create,
    signedIn,
    written,
  };
}

test('a server that refuses us gets a sign-in prepared, and its end brings the token', async (t) => {
  const { credential, credentials, challenge, browse, signedIn, server, written, store } = await setUp(t);
  assert.equal(credential.header, undefined);
  assert.deepEqual(await credential.renew(challenge()), { type: 'refused', hint: 'sign in: portcullis login files' });
  await credentials.finish(await browse());
  assert.equal(credential.header, `Bearer ${server.tokens[0]}`);
  assert.deepEqual(signedIn, ['files']);
  const everything = JSON.stringify(written) + store.read('files', '');
  for (const token of server.tokens) assert.ok(!everything.includes(token), 'a token was logged or stored in clear');
});

test('a state is good once, for ten minutes, and only if we made it', async (t) => {
  const { credentials, credential, challenge, browse, pass, server } = await setUp(t);
  await credential.renew(challenge());
  const late = await browse();
  const answer = await browse();
  assert.deepEqual(await credentials.finish({ ...answer, state: 'guessed' }), { type: 'unknown' });
  assert.deepEqual(await credentials.finish({ ...answer, state: undefined }), { type: 'unknown' });
  assert.equal((await credentials.finish(answer)).type, 'signed-in');
  assert.deepEqual(await credentials.finish(answer), { type: 'unknown' });
  pass(SIGN_IN_MS);
  assert.deepEqual(await credentials.finish(late), { type: 'unknown' });
  assert.deepEqual(server.grants, ['authorization_code']);
});

test('an answer of another issuer, or of none, never gets as far as the token endpoint', async (t) => {
  const { credentials, credential, challenge, browse, server } = await setUp(t);
  await credential.renew(challenge());
  for (const iss of ['https://evil.example', `${server.origin}/`, undefined]) {
    const end = await credentials.finish({ ...(await browse()), iss });
    assert.equal(end.type, 'failed', String(iss));
  }
  const told = await credentials.finish({ ...(await browse()), iss: 'https://evil.example', error: 'read_this' });
  assert.ok(told.type === 'failed' && !told.reason.includes('read_this'));
  assert.deepEqual(server.grants, []);
  assert.equal(credential.header, undefined);
});

test('fifty requests refused with an old token cost one refresh, and all may be sent again', async (t) => {
  const { credential, challenge, signIn, pass, server } = await setUp(t);
  await signIn();
  const old = credential.header;
  pass(60_000);
  const renewals = await Promise.all(Array.from({ length: 50 }, () => credential.renew(challenge(old))));
  assert.ok(renewals.every(({ type }) => type === 'renewed'));
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token']);
  assert.notEqual(credential.header, old);
  // One that was on its way meanwhile.
  assert.deepEqual(await credential.renew(challenge(old)), { type: 'renewed' });
  assert.equal(server.grants.length, 2);
});

test('a grant that was taken back ends in a sign-in, and the dead token is not sent any more', async (t) => {
  const { credential, challenge, signIn, pass, server, kept } = await setUp(t);
  await signIn();
  server.revoke();
  pass(60_000);
  assert.equal((await credential.renew(challenge())).type, 'refused');
  assert.equal(credential.header, undefined);
  assert.ok((await openSignIn(kept, 'files')).url !== undefined);
});

test('an authorization server that does not answer costs nobody the credential', async (t) => {
  const { credential, challenge, signIn, pass, server } = await setUp(t);
  await signIn();
  const before = credential.header;
  pass(60_000);
  await server[Symbol.asyncDispose]();
  assert.equal((await credential.renew(challenge())).type, 'refused');
  assert.equal(credential.header, before);
});

for (const [whose, ms] of Object.entries({ 'the server’s is ahead': 11_000, 'ours was set back': -3_600_000 })) {
  test(`a token that the server takes for expired before its time is renewed: clocks may differ, ${whose}`, async (t) => {
    const { credential, challenge, signIn, pass, server } = await setUp(t);
    pass(7_200_000);
    await signIn();
    const old = credential.header;
    pass(ms);
    assert.deepEqual(await credential.renew(challenge()), { type: 'renewed' });
    assert.notEqual(credential.header, old);
    assert.deepEqual(server.grants, ['authorization_code', 'refresh_token']);
  });
}

test('a server that has moved to another issuer gets none of the tokens of the one before, and an operator signs in there', async (t) => {
  const { credential, challenge, signIn, pass, server, kept } = await setUp(t);
  const elsewhere = await startOAuthServer();
  t.after(() => elsewhere[Symbol.asyncDispose]());
  await signIn();
  server.authorizationServer = elsewhere.origin;
  pass(60_000);
  assert.deepEqual(await credential.renew(challenge()), { type: 'refused', hint: 'sign in: portcullis login files' });
  assert.equal(credential.header, undefined);
  assert.deepEqual(elsewhere.grants, [], 'a refresh token went to somebody else');
  assert.ok((await openSignIn(kept, 'files')).url?.startsWith(elsewhere.origin));
  assert.equal(elsewhere.paths.filter((path) => path === '/register').length, 1, 'registered anew there');
});

test('an issuer that has forgotten the gateway gets it registered anew for the next sign-in', async (t) => {
  const { credential, signIn, pass, server } = await setUp(t);
  await signIn();
  server.forgetClients();
  pass(3_600_000);
  await signIn();
  assert.ok(credential.header !== undefined);
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token', 'authorization_code']);
  assert.equal(server.paths.filter((path) => path === '/register').length, 2);
});

test('a client secret that was changed at the issuer costs no sign-in: it goes on once the new one is configured', async (t) => {
  const oauthOf = (clientSecret: string) => ({ clientId: 'ours', clientSecret });
  const { credential, credentials, configOf, challenge, signIn, pass, server } = await setUp(t, oauthOf('old'));
  Object.assign(server, { metadata: { token_endpoint_auth_methods_supported: ['client_secret_post'] }, secret: 'old' });
  await signIn();
  const old = credential.header;
  server.secret = 'new';
  pass(3_600_000);
  const hint = 'the authorization server does not take the gateway for its client';
  assert.deepEqual(await credential.renew(challenge()), { type: 'refused', hint });
  assert.equal(credential.header, old, 'nobody took the grant back');
  const configured = credentials.of(configOf(oauthOf('new'))) as ServerCredential;
  assert.deepEqual(await configured.renew(challenge(old)), { type: 'renewed' });
  assert.notEqual(configured.header, old);
  assert.equal(server.paths.filter((path) => path === '/authorize').length, 1, 'a second sign-in');
});

test('the credential is there again after a restart, but not for another address', async (t) => {
  const { credential, signIn, create, config } = await setUp(t);
  await signIn();
  assert.equal(create().of(config)?.header, credential.header);
  const elsewhere = { ...config, transport: { ...config.transport, url: 'http://127.0.0.1:9/mcp' } } as ServerConfig;
  assert.equal(create().of(elsewhere)?.header, undefined);
});

test('a refusal for scopes that a sign-in has asked for already prepares no other', async (t) => {
  const { credential, credentials, challenge, browse, signIn, kept, server } = await setUp(t);
  await signIn();
  const wider = (): AuthChallenge => ({
    ...challenge(),
    status: 403,
    wwwAuthenticate: 'Bearer error="insufficient_scope", scope="files:write"',
  });
  const token = credential.header;
  assert.deepEqual(await credential.renew(wider()), { type: 'refused', hint: 'sign in: portcullis login files' });
  const seen = server.paths.length;
  assert.deepEqual(await credential.renew(wider()), { type: 'refused', hint: 'sign in: portcullis login files' });
  assert.equal(server.paths.length, seen, 'it is prepared already');
  assert.equal(credential.header, token, 'the narrower token still does for other calls');
  assert.match((await openSignIn(kept, 'files')).url ?? '', /scope=files%3Awrite/);
  await credentials.finish(await browse());
  assert.match(JSON.stringify(await credential.renew(wider())), /asked for already/);
  assert.equal((await openSignIn(kept, 'files')).url, undefined);
});

test('a client registered beforehand is used as it is, and a configured Authorization header leaves us out', async (t) => {
  const { credential, credentials, challenge, kept, config } = await setUp(t, {
    clientId: 'ours',
    clientSecret: 'hush',
  });
  await credential.renew(challenge());
  assert.match((await openSignIn(kept, 'files')).url ?? '', /client_id=ours/);
  assert.ok(!JSON.stringify(config).includes('hush'));
  const headers = { Authorization: 'x' };
  const configured = { ...config, transport: { ...config.transport, headers } } as unknown as ServerConfig;
  assert.equal(credentials.of(configured), undefined);
});

test('what another gateway on the same store got is taken, and the refresh token is used once', async (t) => {
  const { credential, credentials, config, challenge, browse, create, pass, server, signedIn } = await setUp(t);
  const others = create();
  const other = others.of(config) as ServerCredential;
  // Both were refused; a person signs in at one of them.
  await Promise.all([credential.renew(challenge()), other.renew(challenge(other.header))]);
  await credentials.finish(await browse());
  signedIn.length = 0;
  others.reread();
  assert.equal(other.header, credential.header);
  assert.deepEqual(signedIn, ['files'], 'the server is tried again there, too');
  const old = credential.header;
  pass(60_000);
  assert.deepEqual(await other.renew(challenge(old)), { type: 'renewed' });
  assert.deepEqual(await credential.renew(challenge(old)), { type: 'renewed' });
  assert.equal(credential.header, other.header);
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token']);
  others.reread();
  assert.equal(signedIn.length, 1, 'nothing new is no news');
});
