/** Where the gateway listens, and whom it lets talk to it by name. */

import { isIP } from 'node:net';
import type { GatewayConfig } from '../../contracts/config.ts';
import { checkNetwork } from './check-bounds.ts';
import { type Document, readPart } from './document.ts';
import { Listen } from './listen-schema.ts';
import { nodeAt } from './report.ts';

/** True for addresses that only this machine can reach: 127.0.0.0/8, ::1, localhost. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost') return true;
  return isIP(bare) === 4 ? bare.startsWith('127.') : isIP(bare) === 6 && /^(0*:)*(:0*)*0*1$/.test(bare);
}

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;
const HOST_HEADER = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]+$/;

export function readListen(document: Document): GatewayConfig['listen'] | undefined {
  const { root, report } = document;
  const listen = readPart(document, ['listen'], nodeAt(root, ['listen']), Listen, Object.keys(Listen.shape));
  if (listen === undefined) return undefined;
  const host = listen.host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0 && !HOST_NAME.test(host))
    report.problem(['listen', 'host'], 'expected an IP address or a host name', suggestHost(host));
  for (const [i, name] of listen.allowedHosts.entries())
    if (!HOST_HEADER.test(name))
      report.problem(
        ['listen', 'allowedHosts', i],
        'expected name or name:port',
        'leave out http:// and everything after the name',
      );
  for (const [i, origin] of listen.allowedOrigins.entries())
    if (!ORIGIN.test(origin))
      report.problem(
        ['listen', 'allowedOrigins', i],
        'expected an origin: scheme://name or scheme://name:port',
        origin === '*' ? 'name the origins; a wildcard would let any web page in' : 'leave out the path and the last /',
      );
  for (const [i, block] of listen.trustedProxies.entries())
    checkNetwork(report, ['listen', 'trustedProxies', i], block);
  return { ...listen, host };
}

function suggestHost(host: string): string | undefined {
  if (host.trim() === '') return 'write "127.0.0.1"';
  if (host === '*') return 'write "0.0.0.0" for every address of this machine';
  if (host.includes('://')) return 'leave out http://';
  return /:\d+$/.test(host) ? 'put the port into listen.port' : undefined;
}
