/** The gateway with people who have keys and passwords, and as much of browsers as connecting accounts takes. */

import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { createArgon2Hasher } from '../../src/platform/passwords/argon2.ts';
import { openAccountStore } from '../../src/platform/stores/sqlite/accounts.ts';
import type { Tenant } from './account-server.ts';
import { type StartedApp, startApp } from './app.ts';
import { type Browser, type BrowserPage, createBrowser } from './browser.ts';
import { signInAtProvider } from './identity-provider.ts';
import { CHEAP, PASSWORD } from './login-site.ts';
import { openPeople } from './people.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';

export type Person = 'ada' | 'grace';

export interface ConnectSite extends StartedApp {
  readonly dataDir: string;
  /** By whose it is; `robot` is nobody's. */
  readonly keys: { readonly [name in Person | 'robot']: string };
  /** A browser in which that person is signed in to the gateway. */
  browserOf(name: Person): Promise<Browser>;
  /** Through the pages, up to the page that says that it is done, or why not. `login`: of the account at the tenant. */
  connect(browser: Browser, server: string, login: string, link?: string): Promise<BrowserPage>;
  /** Up to the callback, which has not been opened. */
  approve(browser: Browser, server: string, login: string, link?: string): Promise<string>;
}

/** `port`: default any. */
export async function startConnectSite(t: Cleanup, config: object, port?: number): Promise<ConnectSite> {
  const dataDir = await createTempDir(t);
  const keys = await addPeople(dataDir);
  const started = await startApp(t, config, { dataDir, port });
  return { ...started, ...createVisits(started.url), dataDir, keys };
}

/** Two who have passwords and keys, and a key that is nobody's. Returns the keys. */
export async function addPeople(dataDir: string): Promise<ConnectSite['keys']> {
  const people = openPeople(dataDir);
  const accounts = openAccountStore({ dataDir });
  const hash = await createArgon2Hasher(CHEAP).hash(PASSWORD);
  for (const name of ['ada', 'grace']) {
    await people.add('user', name);
    await accounts.setPassword(name, hash, Date.now());
  }
  const keys = {
    ada: await people.addKey('of-ada', { user: 'ada', grant: { allow: ['*'], execute: 'any' } }),
    grace: await people.addKey('of-grace', { user: 'grace' }),
    robot: await people.addKey('robot'),
  };
  await people.close();
  await accounts[Symbol.asyncDispose]();
  return keys;
}

/** What people do in browsers at a gateway. */
export function createVisits(url: string): Pick<ConnectSite, 'browserOf' | 'connect' | 'approve'> {
  const approve: ConnectSite['approve'] = async (browser, server, login, link = `${url}/connect/${server}`) => {
    const before = await browser.get(link);
    assert.equal(before.status, 200, before.text);
    const leaving = await browser.submit(before, `/connect/${server}`);
    const address = /class="button" href="([^"]+)" rel="noreferrer"/.exec(leaving.text)?.[1]?.replaceAll('&amp;', '&');
    assert.ok(address, leaving.text);
    const end = await signInAtProvider(browser, await browser.get(address), login);
    return end.location ?? assert.fail(end.text);
  };
  return {
    approve,
    async browserOf(name) {
      const browser = createBrowser();
      const page = await browser.get(`${url}/login`);
      const end = await browser.submit(page, '/login', { name, password: PASSWORD });
      assert.equal(end.status, 303, end.text);
      return browser;
    },
    async connect(browser, server, login, link) {
      const back = await approve(browser, server, login, link);
      return browser.follow(await browser.get(back), url);
    },
  };
}

/** One that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Servers for portcullis.json, each with accounts of users. */
export function perUser(urls: { readonly [name: string]: string }, oauth: { readonly [name: string]: object } = {}) {
  return {
    mcpServers: Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, { url }])),
    serverOptions: Object.fromEntries(
      Object.keys(urls).map((name) => [
        name,
        { credentials: 'per-user', ...(oauth[name] !== undefined && { oauth: oauth[name] }) },
      ]),
    ),
  };
}

export type { Tenant };
