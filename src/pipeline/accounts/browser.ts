/** What tells one browser from another, and our own pages from those of others: site, cookies, tokens of forms. */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { BrowserRequest, CsrfVerdict } from '../../contracts/accounts.ts';
import type { Site } from '../../contracts/sign-ins.ts';
import { readCookie, writeCookie } from '../../lib/cookies.ts';

/** 256 bits, base64url. */
const COOKIE_VALUE = /^[A-Za-z0-9_-]{43}$/;
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** `session`: who signed in. `browser`: which browser it is before that; for forms and sign-ins under way. */
export type CookieUse = 'session' | 'browser';

/** `__Host-`: no other name under the same domain can have set it. Needs https, so plain on this machine. */
function cookieName(use: CookieUse, site: Site): string {
  const name = use === 'session' ? 'portcullis' : 'portcullis-browser';
  return site.isSecure ? `__Host-${name}` : name;
}

/**
 * The site as the browser has it: the configured address where the Host is its, plain http on this machine. Undefined
 * elsewhere: over a network without https, passwords and cookies would be anybody's. An http address that was configured
 * is the operator's own decision.
 */
export function siteOf(request: BrowserRequest, publicUrl: string | undefined): Site | undefined {
  const host = request.header('host')?.toLowerCase() ?? '';
  if (publicUrl !== undefined) {
    const url = new URL(publicUrl);
    const asked = URL.canParse(`${url.protocol}//${host}`) ? new URL(`${url.protocol}//${host}`) : undefined;
    if (asked?.host === url.host) return { origin: url.origin, isSecure: url.protocol === 'https:' };
  }
  return LOOPBACK.test(host) ? { origin: `http://${host}`, isSecure: false } : undefined;
}

/** The value of the cookie; undefined: none that could be ours. */
export function cookieOf(request: BrowserRequest, use: CookieUse, site: Site | undefined): string | undefined {
  if (site === undefined) return undefined;
  const value = readCookie(request.header('cookie'), cookieName(use, site));
  return value !== undefined && COOKIE_VALUE.test(value) ? value : undefined;
}

/** `maxAgeMs` 0 takes it away. */
export function setCookie(use: CookieUse, site: Site, value: string, maxAgeMs: number): string {
  return writeCookie(cookieName(use, site), value, { isSecure: site.isSecure, maxAgeMs });
}

/** Lower-case hex SHA-256: how secrets of browsers are kept. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Only who knows the cookie can make it, and scripts of other sites cannot read it. */
export function formTokenFor(cookie: string): string {
  return createHmac('sha256', cookie).update('form').digest('base64url');
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const NO = (reason: string): CsrfVerdict => ({ allowed: false, reason });

/** For requests that change something: from a page of ours, with the token that goes with `cookie`. */
export function judgeForm(
  request: BrowserRequest,
  site: Site | undefined,
  cookie: string | undefined,
  token: string | undefined,
): CsrfVerdict {
  if (site === undefined || cookie === undefined) return NO('there is no session');
  const fetchSite = request.header('sec-fetch-site');
  const origin = request.header('origin');
  // Not `same-site`: a site is also every other port of this machine, and every other name of the domain.
  if (fetchSite !== undefined && fetchSite !== 'same-origin') return NO('the request comes from another site');
  if (origin !== undefined && origin !== site.origin) return NO('the request comes from another site');
  if (fetchSite === undefined && origin === undefined) return NO('the request does not say what site it comes from');
  if (token === undefined || !isSame(token, formTokenFor(cookie))) return NO('the token is missing or wrong');
  return { allowed: true };
}
