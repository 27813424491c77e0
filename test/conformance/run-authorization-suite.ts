/** Runs the suite's scenarios for authorization servers against ours, with a person who signs in and says yes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { answerConsent, startAuthorizationSite } from '../support/authorization-site.ts';
import { ROOT } from '../support/gateway.ts';
import type { Cleanup } from '../support/temp-dir.ts';

const SUITE = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');

export interface AuthorizationResult {
  readonly passed: boolean;
  /** The suite's own summary. */
  readonly summary: string;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** `referee`: Node that runs the suite. */
export async function runAuthorizationSuite(cleanup: Cleanup, referee: string): Promise<AuthorizationResult> {
  const clients = { suite: { redirectUris: ['http://127.0.0.1/callback'] } };
  const site = await startAuthorizationSite(cleanup, { clients });
  await site.addUser('ada');
  const ada = await site.signIn('ada');
  const port = await freePort();
  const args = ['authorization', '--url', site.url, '--client-id', 'suite', '--resource', `${site.url}/mcp`];
  const child = spawn(referee, [SUITE, ...args, '--port', String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let output = '';
  let answering: Promise<unknown> | undefined;
  const answer = async (url: string): Promise<void> => {
    const back = await answerConsent(ada, await ada.follow(await ada.get(url), site.url));
    await (await fetch(back)).body?.cancel();
  };
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const asked = new RegExp(`^${site.url}/oauth/authorize\\?\\S+$`, 'm').exec(output)?.[0];
    // The line may still be coming; the next one is there only once it is whole.
    if (asked !== undefined && output.includes('Waiting up to')) answering ??= answer(asked);
  }
  await answering;
  const [code] = (await closed) as [number | null];
  const summary = output.slice(Math.max(0, output.indexOf('=== SUMMARY')));
  return { passed: code === 0 && /\b[1-9]\d* passed, 0 failed/.test(summary), summary };
}
