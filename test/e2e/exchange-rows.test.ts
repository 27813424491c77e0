/** When tokens are got by exchange anew, by a clock that the test sets; and what the doctor says of it. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ExchangeSubject } from '../../src/contracts/token-exchange.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { createSealer } from '../../src/platform/sealing/create-sealer.ts';
import { openServerCredentialStore } from '../../src/platform/stores/sqlite/server-credentials.ts';
import type { Finding } from '../../src/upstreams/oauth/finding.ts';
import { createServerCredentials } from '../../src/upstreams/oauth/server-credentials.ts';
import { startAccountServer } from '../support/account-server.ts';
import { EXCHANGE_SECRET, startExchangeProvider } from '../support/exchange-provider.ts';
import { runCli } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';

function configOf(issuer: string, url: string, more: object = {}): object {
  const tokenExchange = { issuer, clientId: 'gateway', clientSecret: EXCHANGE_SECRET, ...more };
  return {
    mcpServers: { notes: { url } },
    serverOptions: { notes: { credentials: 'per-user', tokenExchange } },
    authorization: { access: { allow: ['*'] }, issuers: [{ issuer, claims: { user: 'sub' } }] },
  };
}

async function start(t: TestContext) {
  const idp = await startExchangeProvider(t);
  const parsed = parseConfig(JSON.stringify(configOf(idp.issuer, 'http://127.0.0.1:9/mcp')), {
    ...{ file: 'portcullis.json', env: {} },
  });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { servers } = parsed.config;
  const [config] = servers;
  assert.ok(config);
  const store = openServerCredentialStore({ dataDir: await createTempDir(t) });
  t.after(() => store[Symbol.dispose]());
  const key = { id: 'a', bytes: randomBytes(32) };
  const sealer = { ...createSealer({ current: key, find: () => key }), refusal: () => undefined };
  const clock = { ms: 1_000_000 };
  const note = (): void => {};
  const told: string[] = [];
  const credentials = createServerCredentials({
    ...{ store, sealer, now: () => clock.ms, log: { debug: note, info: note, warn: note, error: note } },
    ...{ servers: () => servers, redirectUrl: async () => 'http://127.0.0.1:9/oauth/callback' },
    onSignedIn: (id) => void told.push(id),
  });
  t.after(() => credentials[Symbol.dispose]());
  const { connections } = credentials;
  const subjectOf = async (who: string): Promise<ExchangeSubject> => ({
    ...{ userId: who, keyId: `oauth:${who}`, issuer: idp.issuer, tool: undefined },
    token: await idp.issue(who, 'http://gateway.example/mcp'),
  });
  const exchange = async (subject: ExchangeSubject, refused?: string): Promise<string> => {
    await connections.exchanges?.exchange('notes', subject, refused);
    return connections.connectionOf('notes', subject.userId) ?? assert.fail('nothing is connected');
  };
  return { idp, clock, store, exchange, subjectOf, told, of: (who: string) => credentials.of(config, who) };
}

test('a token is got anew before it runs out, for the same connection, and after that for another', async (t) => {
  const { idp, clock, exchange, subjectOf, told } = await start(t);
  const ada = await subjectOf('ada');
  const first = await exchange(ada);
  clock.ms += 500_000;
  assert.equal(await exchange(ada), first);
  assert.equal(idp.requests.length, 1);
  clock.ms += 50_000;
  assert.equal(await exchange(ada), first, 'less than a minute was left');
  assert.equal(idp.requests.length, 2);
  clock.ms += 601_000;
  assert.notEqual(await exchange(ada), first);
  assert.equal(idp.requests.length, 3);
  assert.deepEqual(told, ['notes', 'notes']);
});

test('a refused token is got anew by one exchange for all who had it, unless it has only just been got', async (t) => {
  const { idp, clock, exchange, subjectOf, of } = await start(t);
  const ada = await subjectOf('ada');
  const first = await exchange(ada);
  await assert.rejects(exchange(ada, first), {
    code: 'exchange_refused',
    message: /refuses what the exchange brought/,
  });
  assert.equal(idp.requests.length, 1);
  clock.ms += 20_000;
  const held = of('ada');
  const challenge = { status: 401, wwwAuthenticate: undefined, sent: held?.header } as const;
  assert.deepEqual((await held?.renew(challenge))?.type, 'refused');
  const second = await Promise.all(Array.from({ length: 20 }, () => exchange(ada, first)));
  assert.equal(new Set(second).size, 1);
  assert.notEqual(second[0], first);
  assert.equal(idp.requests.length, 2);
  assert.equal(held?.header, undefined, 'what was opened for the connection before carries nothing more');
});

test('what is stored shows neither token, and is of one subject', async (t) => {
  const { idp, store, exchange, subjectOf, of } = await start(t);
  const ada = await subjectOf('ada');
  const first = await exchange(ada);
  const sealed = JSON.stringify(store.list());
  assert.ok(!sealed.includes(ada.token) && !sealed.includes(String(of('ada')?.header).slice(7)));
  const other = await exchange({ ...ada, keyId: 'oauth:another' });
  assert.notEqual(other, first);
  assert.equal(idp.requests.length, 2);
});

test('after a failure the issuer is left in peace for five seconds, for that token alone', async (t) => {
  const { idp, clock, exchange, subjectOf } = await start(t);
  const [ada, grace] = [await subjectOf('ada'), await subjectOf('grace')];
  idp.answer = { status: 502, body: {} };
  const many = await Promise.allSettled(Array.from({ length: 10 }, () => exchange(ada)));
  assert.ok(many.every(({ status }) => status === 'rejected'));
  assert.equal(idp.requests.length, 1);
  idp.answer = undefined;
  await assert.rejects(exchange(ada), { code: 'exchange_unavailable' });
  await exchange(grace);
  clock.ms += 5_000;
  await exchange(ada);
  assert.equal(idp.requests.length, 3);
});

test('the doctor says whether tokens can be exchanged, and what is wrong if not', async (t) => {
  const idp = await startExchangeProvider(t);
  const second = await startExchangeProvider(t, idp);
  const server = await startAccountServer(t, 'modern', second);
  const dataDir = await createTempDir(t);
  const examine = async (more: object): Promise<readonly Finding[]> => {
    const file = join(dataDir, 'doctor.json');
    await writeFile(file, JSON.stringify(configOf(idp.issuer, server.mcpUrl, more)));
    const run = runCli('oauth', 'doctor', 'notes', '--config', file, '--data', dataDir, '--json');
    const text = await run.catch(({ stdout }: { readonly stdout: string }) => stdout);
    assert.ok(!text.includes(EXCHANGE_SECRET));
    const { findings } = JSON.parse(text) as { readonly findings: readonly Finding[] };
    return findings.filter(({ step }) => step === 'token exchange');
  };
  const verdicts = async (more: object) => (await examine(more)).map(({ verdict }) => verdict);
  const client = { clientId: 'gateway', clientSecret: EXCHANGE_SECRET };
  assert.deepEqual(await verdicts({ idJag: { issuer: second.issuer, ...client } }), ['ok', 'ok']);
  assert.deepEqual(await verdicts({ idJag: { issuer: 'http://127.0.0.1:9', ...client } }), ['ok', 'wrong']);
  const [unknown] = await examine({ clientId: 'stranger' });
  assert.equal(unknown?.verdict, 'wrong');
  assert.match(String(unknown?.text), /refused with invalid_client/);
  assert.deepEqual(await verdicts({ tokenEndpoint: 'http://127.0.0.1:9/token' }), ['wrong']);
});
