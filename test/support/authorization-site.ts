/** A whole gateway with its own authorization server, people who sign in at it, and clients that come without a library. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type App, assemble } from '../../src/app/assemble.ts';
import type { GatewayConfig } from '../../src/contracts/config.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { createArgon2Hasher } from '../../src/platform/passwords/argon2.ts';
import { openAccountStore } from '../../src/platform/stores/sqlite/accounts.ts';
import { type Browser, type BrowserPage, createBrowser } from './browser.ts';
import { CHEAP, PASSWORD } from './login-site.ts';
import { openPeople, type People } from './people.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';

export interface AuthorizationSite {
  /** Its issuer, too. */
  readonly url: string;
  readonly dataDir: string;
  app: App;
  readonly people: People;
  /** Lines of the log. */
  readonly log: readonly string[];
  /** A browser in which somebody who was added is signed in. */
  signIn(name: string): Promise<Browser>;
  addUser(name: string, body?: object): Promise<void>;
  /** Ends it and starts another on the same folder and port. */
  restart(): Promise<void>;
}

const parse = (config: object): GatewayConfig => {
  const parsed = parseConfig(JSON.stringify(config), { file: '/portcullis.json', env: {}, readFile: () => '' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
};

/** `server`: the section `authorization.server`. */
export async function startAuthorizationSite(
  t: Cleanup,
  server: object = {},
  more: object = {},
): Promise<AuthorizationSite> {
  const dataDir = await createTempDir(t);
  const log: string[] = [];
  const note = (message: string, fields?: object): void => {
    const text = JSON.stringify(fields ?? {}, (_, value) => (value instanceof Error ? String(value.stack) : value));
    log.push(`${message} ${text}`);
  };
  const config = parse({ mcpServers: {}, authorization: { server }, ...more });
  const start = () =>
    assemble({
      ...{ config, dataDir, environment: {}, inProcess: new Map() },
      identity: { name: 'portcullis', version: '0.0.0' },
      log: { debug: () => {}, info: note, warn: note, error: note },
    });
  let app = await start();
  const { url, port } = await app.listen('127.0.0.1', 0);
  const people = openPeople(dataDir);
  const accounts = openAccountStore({ dataDir });
  t.after(async () => {
    await accounts[Symbol.asyncDispose]();
    await people.close();
    await app[Symbol.asyncDispose]();
  });
  const site: AuthorizationSite = {
    ...{ url, dataDir, people, log },
    get app() {
      return app;
    },
    set app(_) {},
    async addUser(name, body = {}) {
      await people.add('user', name, body);
      await accounts.setPassword(name, await createArgon2Hasher(CHEAP).hash(PASSWORD), Date.now());
    },
    async signIn(name) {
      const browser = createBrowser();
      const done = await browser.submit(await browser.get(`${url}/login`), '/login', { name, password: PASSWORD });
      assert.equal(done.status, 303, done.text);
      return browser;
    },
    async restart() {
      await app[Symbol.asyncDispose]();
      app = await start();
      await app.listen('127.0.0.1', port);
    },
  };
  return site;
}

export interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

export function createPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export interface AuthorizeOptions {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scope?: string;
  readonly resource?: string;
  readonly state?: string;
}

export function authorizeUrl(site: { readonly url: string }, options: AuthorizeOptions, more: object = {}): string {
  const { clientId, redirectUri, challenge, scope = 'mcp', resource = `${site.url}/mcp`, state = 'st' } = options;
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, code_challenge: challenge },
    ...{ code_challenge_method: 'S256', scope, resource, state, ...more },
  });
  return `${site.url}/oauth/authorize?${query}`;
}

export interface OAuthAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly [member: string]: unknown };
}

async function send(url: string, type: string, body: string, headers: object): Promise<OAuthAnswer> {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** A form to one of its endpoints. */
export function postForm(url: string, fields: object, headers: object = {}): Promise<OAuthAnswer> {
  const body = new URLSearchParams(Object.entries(fields)).toString();
  return send(url, 'application/x-www-form-urlencoded', body, headers);
}

export function register(site: { readonly url: string }, metadata: object): Promise<OAuthAnswer> {
  return send(`${site.url}/oauth/register`, 'application/json', JSON.stringify(metadata), {});
}

/** Registers a public client, which has to go well. */
export async function registerClient(site: { readonly url: string }, redirectUri: string, name = 'Editor') {
  const metadata = {
    client_name: name,
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
  };
  const { status, body } = await register(site, metadata);
  assert.equal(status, 201, JSON.stringify(body));
  return String(body.client_id);
}

/** From the page on which somebody is asked to where the browser goes: its address, of which nothing is fetched. */
export async function answerConsent(
  browser: Browser,
  page: BrowserPage,
  typed: Readonly<Record<string, string>> = {},
): Promise<URL> {
  assert.equal(page.status, 200, page.text);
  const action = new URL(page.url).pathname;
  // A box that nobody ticked is not sent.
  const done = await browser.submit(page, action, { answer: 'approve', remember: '', ...typed });
  const onward = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(done.text)?.[1];
  assert.ok(onward, `${done.status} ${done.text}`);
  return new URL(onward.replaceAll('&amp;', '&'));
}

/** Lets a client in and exchanges the code. */
export async function letIn(
  site: { readonly url: string },
  browser: Browser,
  options: Omit<AuthorizeOptions, 'challenge'>,
  typed: Readonly<Record<string, string>> = {},
): Promise<OAuthAnswer & { readonly code: string; readonly verifier: string }> {
  const { verifier, challenge } = createPkce();
  const page = await browser.follow(await browser.get(authorizeUrl(site, { ...options, challenge })), site.url);
  const back = await answerConsent(browser, page, typed);
  const code = back.searchParams.get('code') ?? assert.fail(back.href);
  const answer = await postForm(`${site.url}/oauth/token`, {
    ...{ grant_type: 'authorization_code', code, code_verifier: verifier, client_id: options.clientId },
    redirect_uri: options.redirectUri,
  });
  return { ...answer, code, verifier };
}
