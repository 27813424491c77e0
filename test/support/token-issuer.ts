/** An authorization server on loopback that signs whatever it is told to, and a gateway that takes its tokens. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type App, assemble } from '../../src/app/assemble.ts';
import { createDemoServer } from '../../src/app/demo-server.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { openPeople, type People } from './people.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';

export interface Signed {
  readonly header?: { readonly [member: string]: unknown };
  /** Default: that of the issuer. */
  readonly key?: CryptoKey | Uint8Array;
}

export interface TestTokenIssuer {
  readonly issuer: string;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** Answers everything with this status; undefined: as it should. */
  down: number | undefined;
  /** What is changed in its metadata. */
  metadata: { readonly [member: string]: unknown };
  /** Its public keys, as they are published. */
  keys: object[];
  /** A token; members that are undefined are left out. Good for a minute unless `exp` says otherwise. */
  sign(claims: { readonly [claim: string]: unknown }, options?: Signed): Promise<string>;
  /** New key; the old one is forgotten. */
  rotate(): Promise<void>;
}

export async function startTokenIssuer(t: Cleanup): Promise<TestTokenIssuer> {
  let made = 0;
  let privateKey: CryptoKey;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    idp.requests.push(path);
    const body =
      path === '/.well-known/oauth-authorization-server'
        ? { issuer: idp.issuer, jwks_uri: `${idp.issuer}/keys`, ...idp.metadata }
        : path === '/keys'
          ? { keys: idp.keys }
          : undefined;
    response.writeHead(idp.down ?? (body === undefined ? 404 : 200), { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const idp: TestTokenIssuer = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    down: undefined,
    metadata: {},
    keys: [],
    async sign(claims, { header, key } = {}) {
      const nowS = Math.floor(Date.now() / 1_000);
      const payload: JWTPayload = { iss: idp.issuer, iat: nowS, exp: nowS + 60, scope: 'mcp', ...claims };
      const protectedHeader = { alg: 'ES256', typ: 'at+jwt', kid: `key-${made}`, ...header };
      return new SignJWT(payload).setProtectedHeader(protectedHeader).sign(key ?? privateKey);
    },
    async rotate() {
      const pair = await generateKeyPair('ES256');
      privateKey = pair.privateKey;
      idp.keys = [{ ...(await exportJWK(pair.publicKey)), kid: `key-${++made}`, alg: 'ES256', use: 'sig' }];
    },
  };
  await idp.rotate();
  return idp;
}

export interface TokenSite {
  readonly app: App;
  readonly url: string;
  readonly people: People;
  /** Secret of a key that may use everything. */
  readonly key: string;
  readonly log: readonly string[];
  readonly dataDir: string;
  /** Takes another configuration, as a file that was edited would. */
  configure(config: object): Promise<void>;
}

function read(config: object) {
  const parsed = parseConfig(JSON.stringify(config), { file: '/portcullis.json', env: {}, readFile: () => '' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

/** With the servers `demo` and `other`, both the same. */
export async function startTokenSite(t: Cleanup, config: object): Promise<TokenSite> {
  const dataDir = await createTempDir(t);
  const entry = { type: 'in-process', module: 'demo' };
  const whole = (each: object) => read({ mcpServers: { demo: entry, other: entry }, ...each });
  const log: string[] = [];
  const note = (message: string, fields: object = {}): void => {
    log.push(`${message} ${JSON.stringify(fields, (_, value) => (value instanceof Error ? String(value) : value))}`);
  };
  const people = openPeople(dataDir);
  const app = await assemble({
    ...{ config: whole(config), dataDir, environment: {} },
    inProcess: new Map([['demo', createDemoServer('0.0.0')]]),
    identity: { name: 'portcullis', version: '0.0.0' },
    log: { debug: note, info: note, warn: note, error: note },
  });
  t.after(async () => {
    await people.close();
    await app[Symbol.asyncDispose]();
  });
  const { url } = await app.listen('127.0.0.1', 0);
  const key = (await app.createFirstKey()) ?? '';
  return { app, url, people, key, log, dataDir, configure: (next) => app.apply(whole(next)) };
}

/** A call of a tool as a modern client makes it; `authorization` as the header has it. */
export async function post(
  url: string,
  headers: { readonly [name: string]: string },
  method = 'tools/call',
  params: { readonly [param: string]: unknown } = { name: 'demo__echo', arguments: { message: 'hello' } },
): Promise<{ readonly status: number; readonly challenge: string | null; readonly text: string }> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
      ...(typeof params.name === 'string' && { 'mcp-name': params.name }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  });
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), text: await answer.text() };
}
