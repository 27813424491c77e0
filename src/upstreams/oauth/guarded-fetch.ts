/**
 * Fetches what a server or an authorization server names: documents and endpoints that strangers chose. Bounded in size and
 * time, resolved addresses checked before connecting, redirects followed only within one origin.
 */

import { lookup as resolve } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';

/** As the SDK wants it. */
export type FetchLike = (url: string | URL, init?: RequestInit) => Promise<Response>;

const MAX_BODY_BYTES = 262_144;
const FETCH_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const MAX_REDIRECTS = 3;

/** How far away an address is; `forbidden` is none that an authorization server could have (link-local holds cloud metadata). */
export type Reach = 'public' | 'private' | 'loopback' | 'forbidden';

const listOf = (...networks: readonly (readonly [string, number])[]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
};
const LOOPBACK = listOf(['127.0.0.0', 8], ['::1', 128]);
const PRIVATE = listOf(
  ...([
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['100.64.0.0', 10],
    ['fc00::', 7],
    ['fec0::', 10],
  ] as const),
);
/** Where clouds tell machines their secrets, outside of link-local: in private networks, and in one public. */
const METADATA = listOf(['100.100.100.200', 32], ['168.63.129.16', 32], ['fd00:ec2::', 32]);
const FORBIDDEN = listOf(
  ...([
    ['0.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 3],
    ['192.0.0.0', 24],
    ['198.18.0.0', 15],
  ] as const),
  // NAT64, 6to4, Teredo and what came before them carry IPv4 addresses that nothing here looks into.
  ...([
    ['::', 96],
    ['::ffff:0:0:0', 96],
    ['2001::', 32],
    ['fe80::', 10],
    ['ff00::', 8],
    ['64:ff9b::', 32],
    ['2002::', 16],
  ] as const),
);

export function reachOf(address: string): Reach {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (LOOPBACK.check(address, family)) return 'loopback';
  if (METADATA.check(address, family)) return 'forbidden';
  if (PRIVATE.check(address, family)) return 'private';
  return FORBIDDEN.check(address, family) ? 'forbidden' : 'public';
}

/** Nothing may be nearer than the server itself is, whose address the operator chose. */
export function mayReach(target: Reach, server: Reach): boolean {
  if (target === 'forbidden') return false;
  return target === 'public' || server === 'loopback' || (target === 'private' && server === 'private');
}

async function reachOfHost(host: string): Promise<Reach> {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return reachOf(bare);
  return reachOf((await resolve(bare)).address);
}

/** For one server and one errand, which `signal` bounds as a whole. Rejects with TypeError where an address is refused. */
export function createGuardedFetch(serverUrl: string, signal: AbortSignal): FetchLike {
  return createFetchWithin(reachOfHost(new URL(serverUrl).hostname), signal);
}

/** The same where no server is asked on behalf of: `nearest` is what may be reached at most. `redirect: 'manual'` follows none. */
export function createFetchWithin(nearest: Reach | Promise<Reach>, signal: AbortSignal): FetchLike {
  const server = Promise.resolve(nearest);
  server.catch(() => {});
  const check = async (address: string): Promise<void> => {
    if (!mayReach(reachOf(address), await server)) throw new TypeError(`the address ${address} is not allowed here`);
  };
  const lookup: LookupFunction = (hostname, options, done) => {
    const answer = async () => {
      const found = await resolve(hostname, { ...options, all: true });
      for (const { address } of found) await check(address);
      return found;
    };
    answer().then(
      (found) => {
        if (options.all === true) done(null, found);
        else done(null, found[0]?.address ?? '', found[0]?.family);
      },
      (error: NodeJS.ErrnoException) => done(error, '', 0),
    );
  };
  // No connection is kept: these errands are rare.
  const dispatcher = new Agent({ connect: { lookup, timeout: CONNECT_TIMEOUT_MS }, pipelining: 0 });

  return async (input, init = {}) => {
    let url = new URL(input);
    for (let redirects = 0; ; redirects++) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('only http and https are fetched');
      const bare = url.hostname.replace(/^\[(.*)\]$/, '$1');
      // A literal address is never looked up.
      if (isIP(bare) !== 0) await check(bare);
      const method = (init.method ?? 'GET') as Dispatcher.HttpMethod;
      const answer = await request(url, {
        ...{ dispatcher, method, headers: Object.fromEntries(new Headers(init.headers)) },
        body: init.body === undefined || init.body === null ? null : String(init.body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
      });
      const { location } = answer.headers;
      const next =
        typeof location === 'string' && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      const mayFollow = method === 'GET' && init.redirect !== 'manual';
      const follows = mayFollow && answer.statusCode > 300 && answer.statusCode < 309;
      if (follows && next?.origin === url.origin && redirects < MAX_REDIRECTS) {
        await answer.body.dump();
        url = next;
        continue;
      }
      return toResponse(answer);
    }
  };
}

async function toResponse(answer: Dispatcher.ResponseData): Promise<Response> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`an answer is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) headers.set(name, String(value));
  const hasBody = ![204, 205, 304].includes(answer.statusCode);
  return new Response(hasBody ? Buffer.concat(chunks) : null, { status: answer.statusCode, headers });
}
