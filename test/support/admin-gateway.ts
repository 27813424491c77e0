/** A whole gateway whose admin API is asked: the real composition, SQLite in a folder, its edge on loopback, people who signed in. */

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../../src/app/assemble.ts';
import { createDemoServer } from '../../src/app/demo-server.ts';
import { ROLES, type Role } from '../../src/contracts/admin.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { AdminTokenShape, UserShape } from '../../src/contracts/shapes/directory.ts';
import { foldUserName } from '../../src/domain/accounts/user-name.ts';
import { listOperations } from '../../src/edges/admin/operations.ts';
import { createAccessToken } from '../../src/lib/access-token.ts';
import { loadConfig } from '../../src/platform/config/load-config.ts';
import type { LoadFile } from '../../src/platform/config/stored/compose-config.ts';
import { openApprovalStore } from '../../src/platform/stores/sqlite/approvals.ts';
import { openOAuthStore } from '../../src/platform/stores/sqlite/oauth.ts';
import { openObjectStore } from '../../src/platform/stores/sqlite/objects.ts';
import { openRunStore } from '../../src/platform/stores/sqlite/runs.ts';
import { type Asked, type AskOptions, SETUP } from './admin-api.ts';
import { type AdminSite, APPROVAL_ID, GRANT, RUN_ID } from './admin-site.ts';
import { approval } from './approval-store-suite.ts';
import { type Browser, createBrowser, readForm } from './browser.ts';
import { agentRun } from './run-store-suite.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const PASSWORD = 'correct horse battery staple';

/** Each in another place that answers might show. */
const PLANTED = {
  fileKey: 'planted-in-a-key-of-the-file-01',
  providerKey: 'planted-key-of-a-provider-02',
  header: 'planted-in-a-header-03',
  webhook: 'planted-secret-of-a-webhook-04',
  storedKey: 'planted-key-of-a-stored-provider-05',
  storedHeader: 'planted-in-a-stored-header-06',
  storedWebhook: 'planted-secret-of-a-stored-webhook-07',
  environment: 'planted-in-the-environment-08',
  metrics: 'planted-token-of-the-metrics-09',
  master: Buffer.from('planted-as-the-master-key-------').toString('base64'),
} as const;

const PROTOCOL = '2025-06-18';
const NOWHERE = 'http://127.0.0.1:1';

/** Every kind of part, in each form it may be written in; most of them secret somewhere. */
const FILE = {
  mcpServers: {
    github: { type: 'in-process', module: 'demo' },
    filed: { url: `${NOWHERE}/mcp`, headers: { Authorization: `Bearer ${PLANTED.header}` }, disabled: true },
  },
  providers: { p: { type: 'openai', baseUrl: `${NOWHERE}/v1`, apiKey: PLANTED.providerKey, models: ['m'] } },
  toolsets: { bundle: { tools: ['github/echo'] } },
  models: {
    aliases: { short: 'p/m', list: ['p/m'], full: { targets: ['p/m'] } },
    routes: [{ name: 'one', when: 'model == "never"', targets: ['p/m'] }],
  },
  policy: { rules: [{ name: 'rule', action: 'deny', targets: ['github/nothing'] }] },
  webhooks: { hook: { url: `${NOWHERE}/hook`, secret: PLANTED.webhook } },
  organizations: { acme: { labels: { customer: 'acme' } } },
  teams: {
    research: {
      ...{ organization: 'acme', bounds: { allow: ['*', 'model:*'] } },
      limits: { budgets: [{ maxUsd: 5, per: 'day' }] },
    },
  },
  prices: { tools: { 'github/echo': { perCallMicroUsd: 10_000 } } },
  keys: [
    {
      name: 'ci',
      value: PLANTED.fileKey,
      allow: ['*', 'model:*'],
      team: 'research',
      labels: { app: 'ci' },
      limits: { requests: [{ max: 500, per: 'day' }] },
    },
  ],
  metrics: { token: PLANTED.metrics },
  sealing: { masterKey: PLANTED.master },
  admin: { references: ['env:ALLOWED_*'], stdioCommands: [{ command: 'no-such-program', args: ['one'] }] },
} as const;

const PARTS = {
  servers: { url: `${NOWHERE}/mcp`, headers: { Authorization: PLANTED.storedHeader }, options: { enabled: false } },
  providers: { type: 'openai', baseUrl: `${NOWHERE}/v1`, apiKey: PLANTED.storedKey },
  toolsets: { tools: ['github/add'] },
  aliases: { targets: ['p/m'] },
  routes: { when: 'model == "never"', targets: ['p/m'] },
  'policy-rules': { action: 'deny', targets: ['github/nobody'] },
  webhooks: { url: 'https://127.0.0.1:1/hook', secret: PLANTED.storedWebhook },
};

export interface StartedAdminGateway extends AdminSite {
  readonly url: string;
  readonly dataDir: string;
  /** With a key of the file. */
  callTool(name: string, args: object, key?: string): Promise<Response>;
  /** Lines of the log, as written. */
  readonly log: readonly string[];
}

export async function startAdminGateway(cleanup: Cleanup): Promise<StartedAdminGateway> {
  const folder = await createTempDir(cleanup);
  const dataDir = join(folder, 'data');
  const configFile = join(folder, 'portcullis.json');
  writeFileSync(configFile, JSON.stringify(FILE, null, 2));
  const env = { ALLOWED_TOKEN: PLANTED.environment, OTHER: PLANTED.environment };
  const loadFile: LoadFile = (extend) => loadConfig({ file: configFile, env, extend });
  const loaded = await loadFile();
  assert.ok(loaded.ok, JSON.stringify(loaded));

  const [log, failures]: [string[], string[]] = [[], []];
  const note = (message: string, fields?: object): void => {
    const text = (value: unknown): unknown => (value instanceof Error ? (value.stack ?? String(value)) : value);
    log.push(`${message} ${JSON.stringify(fields ?? {}, (_, value) => text(value))}`);
  };
  const fail = (message: string, fields?: object): void => {
    note(message, fields);
    failures.push(log.at(-1) ?? '');
  };
  const app = await assemble({
    ...{ config: loaded.config, dataDir, environment: env, loadFile },
    inProcess: new Map([['demo', createDemoServer('1')]]),
    identity: { name: 'portcullis', version: '1.2.3' },
    log: { debug: note, info: note, warn: note, error: fail },
  });
  const { url } = await app.listen('127.0.0.1', 0);
  const objects = openObjectStore({ dataDir });
  cleanup.after(async () => {
    await app[Symbol.asyncDispose]();
    await objects[Symbol.asyncDispose]();
  });

  const tokens: { [role: string]: string } = {};
  const tokenIds: { [role: string]: string } = {};
  for (const role of ROLES) {
    const { token, hash, prefix } = createAccessToken('pca');
    const id = `token_${role}`;
    const body = AdminTokenShape.parse({ name: role, role, secrets: [{ hash, prefix, createdAtMs: 1 }] });
    await objects.write([{ action: 'create', kind: 'admin-token', id, name: role, body }], SETUP, 1);
    [tokens[role], tokenIds[role]] = [token, id];
  }

  const names = new Map<string, string>();
  const browsers = new Map<string, { readonly browser: Browser; readonly csrf: string }>();
  const send = async (method: string, path: string, headers: object, sent: string | Buffer | undefined) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { ...(sent !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(sent !== undefined && { body: sent as string }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: text === '' ? undefined : JSON.parse(text) };
  };
  const asToken = (role: Role): object => ({ authorization: `Bearer ${tokens[role]}` });

  /** By an invitation, with a password, as people do. */
  const signIn = async (id: string): Promise<{ readonly browser: Browser; readonly csrf: string }> => {
    const invited = await send('POST', `/users/${id}/invite`, asToken('owner'), undefined);
    assert.equal(invited.status, 201, invited.text);
    const browser = createBrowser();
    const at: string = invited.body.url;
    const typed = { password: PASSWORD, again: PASSWORD };
    const set = await browser.submit(await browser.get(at), new URL(at).pathname, typed);
    assert.equal(set.status, 200, set.text);
    const page = await browser.get(`${url}/login`);
    const done = await browser.submit(page, '/login', { name: names.get(id) ?? '', password: PASSWORD });
    assert.equal(done.status, 303, done.text);
    const { csrf = '' } = readForm(await browser.get(`${url}/account`), '/logout');
    browsers.set(id, { browser, csrf });
    return { browser, csrf };
  };
  const asUser = async (id: string): Promise<object> => {
    const { browser, csrf } = browsers.get(id) ?? (await signIn(id));
    const cookie = `portcullis=${browser.cookie(url, 'portcullis')}`;
    return { cookie, origin: url, 'sec-fetch-site': 'same-origin', 'x-portcullis-csrf': csrf };
  };

  const ask = async (method: string, path: string, options: AskOptions = {}): Promise<Asked> => {
    const { as = 'owner', session, body, rawBody, headers = {} } = options;
    const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    if (session === undefined) return send(method, path, { ...(as !== null && asToken(as)), ...headers }, sent);
    const answer = await send(method, path, { ...(await asUser(session)), ...headers }, sent);
    // What was done to them meanwhile may have ended their session: then nothing came of the request.
    if (answer.status !== 401 || !browsers.delete(session)) return answer;
    return send(method, path, { ...(await asUser(session)), ...headers }, sent);
  };

  const callMcp = async (key: string, message: object, session?: string): Promise<Response> => {
    const answer = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        accept: 'application/json, text/event-stream',
        ...(session !== undefined && { 'mcp-session-id': session, 'mcp-protocol-version': PROTOCOL }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
    await answer.text();
    return answer;
  };
  const callTool = async (name: string, args: object, key: string = PLANTED.fileKey): Promise<Response> => {
    const params = { protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const begun = await callMcp(key, { id: 1, method: 'initialize', params });
    const session = begun.headers.get('mcp-session-id') ?? undefined;
    await callMcp(key, { method: 'notifications/initialized' }, session);
    return callMcp(key, { id: 2, method: 'tools/call', params: { name, arguments: args } }, session);
  };
  const definitionsOf = async () =>
    (await ask('GET', '/definitions?limit=500')).body.items as { name: string; pinned: { hash: string } }[];
  let definition: { readonly name: string; readonly hash: string } = { name: '', hash: '' };
  await waitFor('the tools to be known', async () => {
    const hash = (await definitionsOf()).find(({ name }) => name === 'echo')?.pinned?.hash;
    if (hash !== undefined) definition = { name: 'echo', hash };
    return hash !== undefined;
  });
  await callTool('github__echo', { message: 'x' });
  let callId = '';
  await waitFor('the call to be recorded', async () => {
    callId = (await ask('GET', '/trail?limit=1')).body.items[0]?.id ?? '';
    return callId !== '';
  });

  const runs = openRunStore({ dataDir });
  cleanup.after(() => runs[Symbol.asyncDispose]());
  const farMs = Date.now() + 86_400_000;
  await runs.add(agentRun(RUN_ID, { startedAtMs: Date.now(), leaseUntilMs: farMs, expiresAtMs: farMs }));

  const oauth = openOAuthStore({ dataDir });
  cleanup.after(() => oauth[Symbol.asyncDispose]());
  await oauth.addGrant(GRANT);

  const approvals = openApprovalStore({ dataDir });
  cleanup.after(() => approvals[Symbol.asyncDispose]());
  await approvals.add(approval(APPROVAL_ID, { expiresAtMs: farMs }));

  const secrets = [...Object.values(PLANTED), ...Object.values(tokens), PASSWORD];
  return {
    ...{ url, dataDir, objects, callTool, log, failures, ask, tokenIds: tokenIds as AdminSite['tokenIds'] },
    operations: listOperations({ standings: true, config: true, explain: true, runs: true, approvals: true }),
    known: { server: 'github', definition, callId, parts: PARTS },
    hidden: [...secrets, ...secrets.map((secret) => hash('sha256', secret, 'hex'))],
    async addUser(id, body) {
      const user = JSON.parse(JSON.stringify(UserShape.parse(body))) as JsonObject;
      names.set(id, body.name);
      await objects.write(
        [{ action: 'create', kind: 'user', id, name: foldUserName(body.name), body: user }],
        SETUP,
        1,
      );
    },
    virtualKey: PLANTED.fileKey,
    async resetApproval() {
      const { version = 0 } = (await approvals.find(APPROVAL_ID)) ?? {};
      await approvals.replace(approval(APPROVAL_ID, { expiresAtMs: farMs, version }), version);
    },
    async resetGrant() {
      if ((await oauth.findGrant(GRANT.id)) === undefined) await oauth.addGrant(GRANT);
    },
    async settled() {
      await waitFor(
        'what was stored to be in force',
        async () => (await ask('GET', '/keys/key_1/limits')).status === 200,
      );
    },
    async state() {
      // What stands in the file is noted on its own time.
      const newest = (await objects.changes({ limit: 200 })).find(({ via }) => via !== 'file');
      return JSON.stringify([newest?.seq ?? 0, await definitionsOf()]);
    },
  };
}
