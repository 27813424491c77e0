import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerConfig } from '../../contracts/config.ts';
import type {
  AuthChallenge,
  Renewal,
  ServerCredential,
  ServerCredentialStore,
} from '../../contracts/server-credentials.ts';
import { parseConfig } from '../../platform/config/parse-config.ts';
import { createSealer } from '../../platform/sealing/create-sealer.ts';
import { openServerCredentialStore } from '../../platform/stores/sqlite/server-credentials.ts';
import { createServerCredentials } from './server-credentials.ts';
import { REDEEM_MS, SIGN_IN_MS, type SignInAnswer, takeSignIn } from './sign-in.ts';
import { type OAuthServer, startOAuthServer } from './testing/oauth-server.ts';

async function setUp(t: TestContext, options: object = {}) {
  const server = await startOAuthServer();
  t.after(() => server[Symbol.asyncDispose]());
  const dataDir = mkdtempSync(join(tmpdir(), 'portcullis-connections-'));
  const store = openServerCredentialStore({ dataDir });
  t.after(() => {
    store[Symbol.dispose]();
    rmSync(dataDir, { recursive: true });
  });
  const key = { id: 'a', bytes: randomBytes(32) };
  const sealer = { ...createSealer({ current: key, find: () => key }), refusal: () => undefined };
  let clockMs = 1_000_000;
  const kept = { store, sealer, now: () => clockMs };
  const written: unknown[] = [];
  const note = (...parts: unknown[]): void => void written.push(parts);
  const configOf = (more: object): ServerConfig => {
    const serverOptions = { files: { credentials: 'per-user', ...more } };
    const text = JSON.stringify({ mcpServers: { files: { url: server.mcpUrl } }, serverOptions });
    const parsed = parseConfig(text, { file: 'portcullis.json', env: {} });
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return parsed.config.servers[0] as ServerConfig;
  };
  const config = configOf(options);
  const gone = new Set<string>();
  const create = (view: Partial<ServerCredentialStore> = {}) => {
    const made = createServerCredentials({
      isActive: (userId) => !gone.has(userId),
      ...{
        ...kept,
        store: { ...store, ...view },
        log: { debug: note, info: note, warn: note, error: note },
        servers: () => [config],
      },
      ...{ redirectUrl: async () => 'http://127.0.0.1:9/oauth/callback', onSignedIn() {} },
    });
    t.after(() => made[Symbol.dispose]());
    return made;
  };
  const credentials = create();
  const { connections } = credentials;
  /** Begins, and opens the address like a browser would, up to the callback. */
  const approve = async (userId: string): Promise<SignInAnswer> => {
    const start = await connections.begin('files', userId);
    assert.ok(start.type === 'leave', JSON.stringify(start));
    const answer = await fetch(start.url, { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '').searchParams;
    const [state, code, iss] = ['state', 'code', 'iss'].map((name) => back.get(name) ?? undefined);
    return { state, code, iss, error: undefined };
  };
  const connect = async (userId: string): Promise<ServerCredential> => {
    const end = await credentials.finish(await approve(userId), userId);
    assert.equal(end.type, 'connected', JSON.stringify(end));
    return credentials.of(config, userId) as ServerCredential;
  };
  const challenge = (sent: string | undefined, from: OAuthServer = server): AuthChallenge => ({
    status: 401,
    wwwAuthenticate: `Bearer resource_metadata="${from.origin}/.well-known/oauth-protected-resource/mcp"`,
    sent,
  });
  const pass = (ms: number): void => {
    clockMs += ms;
  };
  return {
    ...{ server, store, kept, config, configOf, credentials, connections, create },
    ...{ approve, connect, challenge, pass, written, gone },
  };
}

const REFUSED = { type: 'refused', hint: undefined, wants: 'person' };
const withoutHint = (renewal: Renewal): object => ({ ...renewal, hint: undefined });

test('what two users connect are credentials of their own, sealed, and the gateway registers once', async (t) => {
  const { connect, server, store, written, credentials, config } = await setUp(t);
  const [ada, grace] = [await connect('ada'), await connect('grace')];
  assert.notEqual(ada.header, grace.header);
  assert.equal(server.paths.filter((path) => path === '/register').length, 1);
  assert.notEqual(credentials.connectionOf?.(config, 'ada'), credentials.connectionOf?.(config, 'grace'));
  assert.equal(credentials.of(config, 'nobody')?.header, undefined);
  const everything = JSON.stringify(written) + JSON.stringify(store.list());
  for (const token of server.tokens) assert.ok(!everything.includes(token), 'a token was logged or stored in clear');
  // Nobody opens what was moved to somebody else's row.
  store.write('files', 'eve', store.read('files', 'ada') ?? '', 1);
  assert.equal(credentials.of(config, 'eve')?.header, undefined);
});

test('fifty calls with an expired token cost one refresh, whether they ask before or after they were refused', async (t) => {
  const { connect, connections, challenge, pass, server } = await setUp(t);
  const ada = await connect('ada');
  const old = ada.header;
  pass(3_600_000);
  const waits = Array.from({ length: 50 }, () => connections.freshen('files', 'ada'));
  const renewals = await Promise.all(Array.from({ length: 50 }, () => ada.renew(challenge(old))));
  await Promise.all(waits);
  assert.ok(renewals.every(({ type }) => type === 'renewed'));
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token']);
  assert.notEqual(ada.header, old);
  // One that was on its way meanwhile.
  assert.deepEqual(await ada.renew(challenge(old)), { type: 'renewed' });
  assert.equal(server.grants.length, 2);
});

test('a token is renewed before it runs out, and no call waits for that', async (t) => {
  const { connect, connections, pass, server } = await setUp(t);
  const ada = await connect('ada');
  const old = ada.header;
  assert.equal(connections.freshen('files', 'ada'), undefined);
  assert.equal(server.grants.length, 1, 'too early');
  pass(3_550_000);
  assert.equal(connections.freshen('files', 'ada'), undefined, 'a call waits');
  assert.equal(ada.header, old, 'the old one is still good');
  pass(50_001);
  await connections.freshen('files', 'ada');
  assert.notEqual(ada.header, old);
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token']);
});

test('two gateways on one store use a refresh token once', async (t) => {
  const { connect, create, config, challenge, pass, server } = await setUp(t);
  const ada = await connect('ada');
  const other = create().of(config, 'ada') as ServerCredential;
  const old = ada.header;
  pass(60_000);
  assert.deepEqual(await other.renew(challenge(old)), { type: 'renewed' });
  assert.deepEqual(await ada.renew(challenge(old)), { type: 'renewed' });
  assert.equal(ada.header, other.header);
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token']);
});

test('a token that the server takes for expired before its time is renewed: whose clock is wrong does not matter', async (t) => {
  const { connect, challenge, pass, server } = await setUp(t);
  const ada = await connect('ada');
  pass(11_000);
  assert.deepEqual(await ada.renew(challenge(ada.header)), { type: 'renewed' });
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token']);
  // And if ours was set back meanwhile.
  pass(-600_000);
  assert.deepEqual(await ada.renew(challenge(ada.header)), { type: 'renewed' });
  assert.deepEqual(server.grants, ['authorization_code', 'refresh_token', 'refresh_token']);
});

test('a grant that was taken back needs its user, and nothing dead is sent', async (t) => {
  const { connect, connections, challenge, pass, server } = await setUp(t);
  const [ada, grace] = [await connect('ada'), await connect('grace')];
  server.revoke();
  pass(60_000);
  assert.deepEqual(withoutHint(await ada.renew(challenge(ada.header))), REFUSED);
  assert.equal(ada.header, undefined);
  assert.equal(connections.isConnected('files', 'ada'), false);
  const shown = connections.find('files', 'ada');
  assert.deepEqual([shown?.state, shown?.problem], ['broken', 'the sign-in has run out or was taken back']);
  assert.ok(grace.header !== undefined, 'that of somebody else is left alone');
  assert.ok((await connect('ada')).header !== undefined);
  assert.equal(connections.find('files', 'ada')?.problem, undefined);
});

test('a provider that is down costs nobody anything, and is not asked by every call', async (t) => {
  const { connect, connections, challenge, pass, server } = await setUp(t);
  const ada = await connect('ada');
  const old = ada.header;
  pass(3_600_000);
  server.tokenDown = 503;
  const later = { type: 'refused', hint: 'the authorization server does not answer', wants: 'time' };
  assert.deepEqual(await ada.renew(challenge(old)), later);
  const asked = server.paths.length;
  assert.deepEqual(await ada.renew(challenge(old)), later);
  assert.equal(connections.freshen('files', 'ada'), undefined);
  assert.equal(server.paths.length, asked, 'asked again at once');
  assert.equal(ada.header, old);
  server.tokenDown = undefined;
  pass(5_000);
  assert.deepEqual(await ada.renew(challenge(old)), { type: 'renewed' });
  assert.equal(server.paths.filter((path) => path === '/authorize').length, 1, 'a second consent');
});

test('a client secret that was changed at the issuer costs no user their account: it goes on once the new one is configured', async (t) => {
  const oauthOf = (clientSecret: string) => ({ oauth: { clientId: 'ours', clientSecret } });
  const { connect, connections, credentials, configOf, challenge, pass, server } = await setUp(t, oauthOf('old'));
  Object.assign(server, { metadata: { token_endpoint_auth_methods_supported: ['client_secret_post'] }, secret: 'old' });
  const ada = await connect('ada');
  const old = ada.header;
  server.secret = 'new';
  pass(3_600_000);
  const later = { type: 'refused', hint: 'the authorization server does not take the gateway for its client' };
  assert.deepEqual(await ada.renew(challenge(old)), { ...later, wants: 'time' });
  assert.equal(connections.find('files', 'ada')?.state, 'connected', 'nobody took the grant back');
  assert.equal(ada.header, old);
  pass(5_000);
  const configured = credentials.of(configOf(oauthOf('new')), 'ada') as ServerCredential;
  assert.deepEqual(await configured.renew(challenge(old)), { type: 'renewed' });
  assert.notEqual(configured.header, old);
  assert.equal(server.paths.filter((path) => path === '/authorize').length, 1, 'a second consent');
});

test('an issuer that has forgotten the gateway gets it registered anew, once, and its users connect again', async (t) => {
  const { connect, connections, credentials, config, challenge, pass, server } = await setUp(t);
  const listing = credentials.of(config) as ServerCredential;
  await listing.renew(challenge(undefined));
  const [ada, grace] = [await connect('ada'), await connect('grace')];
  server.forgetClients();
  pass(3_600_000);
  for (const each of [ada, grace]) assert.deepEqual(withoutHint(await each.renew(challenge(each.header))), REFUSED);
  assert.equal(connections.find('files', 'ada')?.state, 'broken');
  // The gateway's own sign-in, prepared for the registration that is no more, does not bring it back.
  await listing.renew(challenge(undefined));
  for (const name of ['ada', 'grace']) assert.ok((await connect(name)).header !== undefined);
  assert.equal(server.paths.filter((path) => path === '/register').length, 2);
});

test('a server that has moved to another issuer gets none of the tokens of the one before', async (t) => {
  const { connect, connections, challenge, pass, server, credentials, config } = await setUp(t);
  const elsewhere = await startOAuthServer();
  t.after(() => elsewhere[Symbol.asyncDispose]());
  const ada = await connect('ada');
  server.authorizationServer = elsewhere.origin;
  pass(60_000);
  assert.deepEqual(withoutHint(await ada.renew(challenge(ada.header))), REFUSED);
  assert.equal(ada.header, undefined);
  assert.match(connections.find('files', 'ada')?.problem ?? '', /moved to another authorization server/);
  assert.deepEqual(elsewhere.grants, [], 'a refresh token went to somebody else');
  const start = await connections.begin('files', 'ada');
  assert.ok(start.type === 'leave' && start.url.startsWith(elsewhere.origin));
  assert.equal(elsewhere.paths.filter((path) => path === '/register').length, 1, 'registered anew there');
  assert.equal(credentials.connectionOf?.(config, 'ada'), undefined);
});

test('an answer of another issuer, or of none, is void before its code is used or its words are shown', async (t) => {
  const { approve, credentials, server } = await setUp(t);
  for (const iss of ['https://evil.example', `${server.origin}/`, undefined]) {
    const answer = { ...(await approve('ada')), iss };
    assert.equal((await credentials.finish(answer, 'ada')).type, 'failed', String(iss));
    assert.deepEqual(await credentials.finish({ ...answer, iss: server.origin }, 'ada'), { type: 'unknown' });
  }
  const told = await credentials.finish(
    { ...(await approve('ada')), iss: 'https://evil.example', error: 'read_this' },
    'ada',
  );
  assert.ok(told.type === 'failed' && !told.reason.includes('read_this'));
  assert.deepEqual(server.grants, []);
});

test('a state is good once, for ten minutes, and for the user who began', async (t) => {
  const { approve, credentials, connections, pass, server } = await setUp(t);
  const [late, hers, answer] = [await approve('ada'), await approve('ada'), await approve('ada')];
  assert.deepEqual(await credentials.finish(hers, 'grace'), { type: 'other-person' });
  assert.deepEqual(await credentials.finish(hers, 'ada'), { type: 'unknown' });
  assert.deepEqual(await credentials.finish(await approve('ada'), undefined), { type: 'other-person' });
  assert.equal((await credentials.finish(answer, 'ada')).type, 'connected');
  assert.deepEqual(await credentials.finish(answer, 'ada'), { type: 'unknown' });
  assert.deepEqual(await credentials.finish({ ...answer, state: 'guessed' }, 'ada'), { type: 'unknown' });
  pass(SIGN_IN_MS);
  assert.deepEqual(await credentials.finish(late, 'ada'), { type: 'unknown' });
  assert.deepEqual(server.grants, ['authorization_code']);
  assert.equal(connections.isConnected('files', 'grace'), false);
});

test('a gateway that ends between the code and the tokens loses nothing: the same answer, and no other, is good again', async (t) => {
  const { approve, create, kept, pass, server } = await setUp(t);
  const answer = await approve('ada');
  // As far as the process got that was killed.
  assert.ok(typeof (await takeSignIn(kept, answer)) === 'object');
  const next = create();
  const again = await next.finish(answer, 'ada');
  assert.ok(again.type === 'failed' && again.mayReload, 'perhaps it is still at it');
  assert.deepEqual(await next.finish({ ...answer, code: 'another' }, 'ada'), { type: 'unknown' });
  pass(REDEEM_MS);
  assert.equal((await next.finish(answer, 'ada')).type, 'connected');
  assert.equal(server.paths.filter((path) => path === '/authorize').length, 1, 'a second consent');
  assert.deepEqual(await next.finish(answer, 'ada'), { type: 'unknown' });
});

test('a provider that is down when the code is brought can be asked again by reloading', async (t) => {
  const { approve, credentials, server } = await setUp(t);
  const answer = await approve('ada');
  server.tokenDown = 503;
  const end = await credentials.finish(answer, 'ada');
  assert.ok(end.type === 'failed' && end.mayReload, JSON.stringify(end));
  server.tokenDown = undefined;
  assert.equal((await credentials.finish(answer, 'ada')).type, 'connected');
});

test('addresses that strangers name lead neither to cloud metadata nor to scripts', async (t) => {
  const { connections, approve, credentials, connect, challenge, pass, server } = await setUp(t);
  const failures = async (metadata: object): Promise<string> => {
    server.metadata = { ...metadata };
    const start = await connections.begin('files', 'ada');
    return start.type === 'failed' ? start.reason : assert.fail(start.url);
  };
  assert.ok(await failures({ authorization_endpoint: 'javascript:alert(1)' }));
  assert.ok(await failures({ authorization_endpoint: 'data:text/html,x' }));
  assert.match(await failures({ registration_endpoint: 'http://169.254.169.254/latest' }), /not allowed/);
  server.metadata = {};
  server.authorizationServer = 'http://169.254.169.254';
  const start = await connections.begin('files', 'ada');
  assert.ok(start.type === 'failed' && /not allowed/.test(start.reason), JSON.stringify(start));
  server.authorizationServer = server.origin;
  server.metadata = { token_endpoint: 'http://[fe80::1]/token' };
  const end = await credentials.finish(await approve('ada'), 'ada');
  assert.equal(end.type, 'failed', JSON.stringify(end));
  server.metadata = {};
  const ada = await connect('ada');
  pass(60_000);
  const renewal = await ada.renew({
    ...challenge(ada.header),
    wwwAuthenticate: 'Bearer resource_metadata="http://169.254.169.254/x"',
  });
  assert.ok(renewal.type === 'refused' && renewal.wants === 'time', JSON.stringify(renewal));
});

test('who disconnects is forgotten here and told of at the issuer, whatever the issuer says', async (t) => {
  const { connect, connections, store, server } = await setUp(t);
  const changes: string[] = [];
  connections.onChange((...what) => void changes.push(what.join('/')));
  const ada = await connect('ada');
  const [access = '', refresh = ''] = server.tokens;
  assert.equal(await connections.disconnect('files', 'ada'), true);
  assert.deepEqual(server.revoked, [refresh, access]);
  assert.equal(ada.header, undefined);
  assert.equal(store.read('files', 'ada'), undefined);
  assert.deepEqual(changes, ['files/ada', 'files/ada']);
  await connect('ada');
  await server[Symbol.asyncDispose]();
  assert.equal(await connections.disconnect('files', 'ada'), false);
  assert.equal(store.read('files', 'ada'), undefined);
});

test('who disconnects while another gateway renews stays disconnected, and what that one got is revoked', async (t) => {
  const { connect, create, config, challenge, pass, server, store } = await setUp(t);
  const old = (await connect('ada')).header;
  // As replicas have it: one lock, and what others did is heard of a little later.
  let last: Promise<unknown> = Promise.resolve();
  const exclusively: ServerCredentialStore['exclusively'] = (_id, _owner, work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const heard = store.read('files', 'ada');
  const { connections } = create({ exclusively });
  const other = create({ exclusively, read: (id, owner) => (owner === 'ada' ? heard : store.read(id, owner)) });
  pass(60_000);
  const [held, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  server.onIssued = () => {
    held.resolve();
    return release.promise;
  };
  const renewing = (other.of(config, 'ada') as ServerCredential).renew(challenge(old));
  await held.promise;
  const disconnecting = connections.disconnect('files', 'ada');
  assert.equal(store.read('files', 'ada'), undefined, 'it is not waited for anybody');
  release.resolve();
  await renewing;
  assert.equal(await disconnecting, true);
  assert.equal(store.read('files', 'ada'), undefined, 'it came back');
  assert.deepEqual(server.revoked.toSorted(), server.tokens.slice(-2).toSorted());
});

test('a server that wants more scopes gets its user asked once, for the old ones and the new', async (t) => {
  const { connect, connections, challenge } = await setUp(t, { oauth: { scopes: ['read'] } });
  const ada = await connect('ada');
  const wider = (): AuthChallenge => ({
    ...challenge(ada.header),
    status: 403,
    wwwAuthenticate: 'Bearer error="insufficient_scope", scope="write"',
  });
  assert.deepEqual(withoutHint(await ada.renew(wider())), REFUSED);
  assert.ok(ada.header !== undefined, 'the narrower token still does for other calls');
  const start = await connections.begin('files', 'ada');
  assert.ok(start.type === 'leave' && /scope=read(\+|%20)write/.test(start.url), JSON.stringify(start));
  const wide = await connect('ada');
  const again = await wide.renew({ ...wider(), sent: wide.header });
  assert.ok(again.type === 'refused' && again.wants === undefined, 'asked for already');
});

test('what a user fills in goes along with their calls, and is shown to nobody', async (t) => {
  const { connections, credentials, config, store, written } = await setUp(t, {
    userHeaders: [{ name: 'X-Api-Key', title: 'API key' }, { name: 'Authorization' }],
  });
  const fill = (values: { [name: string]: string }) =>
    connections.fill('files', 'ada', new Map(Object.entries(values)));
  assert.match((await fill({ 'X-Api-Key': 'hush-1' })) ?? '', /“Authorization” is missing/);
  assert.match((await fill({ 'X-Api-Key': 'a\nb', Authorization: 'x' })) ?? '', /“API key” holds a character/);
  assert.equal(connections.isConnected('files', 'ada'), false);
  assert.equal(await fill({ 'X-Api-Key': ' hush-1 ', Authorization: 'Basic hush-2' }), undefined);
  const ada = credentials.of(config, 'ada') as ServerCredential;
  assert.deepEqual([ada.header, ada.more], ['Basic hush-2', ['x-api-key', 'hush-1']]);
  const told = JSON.stringify([connections.list('ada'), written, store.list()]);
  assert.ok(!told.includes('hush'), told);
  const before = credentials.connectionOf?.(config, 'ada');
  assert.deepEqual(
    withoutHint(await ada.renew({ status: 401, wwwAuthenticate: undefined, sent: ada.header })),
    REFUSED,
  );
  assert.match(connections.find('files', 'ada')?.problem ?? '', /refuses what was filled in/);
  await fill({ 'X-Api-Key': 'hush-3', Authorization: 'y' });
  assert.notEqual(credentials.connectionOf?.(config, 'ada'), before);
});

test('the gateway lists with what an operator has, else with whoever connected first, else with whoever is left', async (t) => {
  const { connect, connections, credentials, config, challenge, pass, server } = await setUp(t);
  const listing = () => credentials.of(config) as ServerCredential;
  assert.equal(listing().header, undefined);
  const ada = await connect('ada');
  pass(20_000);
  const grace = await connect('grace');
  const used = listing();
  assert.equal(used.header, ada.header);
  server.revoke();
  pass(20_000);
  const refused = await used.renew(challenge(used.header));
  assert.ok(refused.type === 'refused' && refused.wants === 'link', 'never in the session of somebody else');
  const next = listing();
  assert.equal(next.header, grace.header);
  await connections.disconnect('files', 'grace');
  const end = await next.renew(challenge(next.header));
  assert.ok(end.type === 'refused' && /portcullis login files/.test(end.hint ?? ''), JSON.stringify(end));
});

test('of a user who is switched off nothing is used, and of one who is gone nothing stays', async (t) => {
  const { connect, connections, credentials, config, store, server, gone } = await setUp(t);
  const ada = await connect('ada');
  const before = ada.header;
  store.write('elsewhere', 'ada', 'of a server that was taken out', 1);
  gone.add('ada');
  assert.equal(ada.header, undefined);
  assert.equal(credentials.of(config)?.header, undefined, 'the gateway lists with it');
  gone.delete('ada');
  assert.equal(ada.header, before);
  await connections.forget('ada');
  assert.deepEqual(
    store.list().map(({ owner }) => owner),
    [''],
  );
  assert.equal(server.revoked.length, 2);
});
