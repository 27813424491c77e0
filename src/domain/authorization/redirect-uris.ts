/** Where a client may have people sent back to: web addresses, this machine (RFC 8252, section 7.3), schemes of programs (7.1). */

export type RedirectTarget = { readonly type: 'web' | 'loopback' | 'app'; readonly to: string };

/** Browsers run, open or resolve these themselves, so that no program is behind them; some would run what a client wrote. */
const NOT_OF_PROGRAMS: ReadonlySet<string> = new Set([
  ...['about', 'blob', 'chrome', 'chrome-extension', 'content', 'data', 'edge', 'file', 'filesystem', 'ftp', 'intent'],
  ...['javascript', 'jar', 'mailto', 'moz-extension', 'resource', 'sms', 'tel', 'vbscript', 'view-source', 'ws', 'wss'],
]);
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);
const MAX_URI_CHARS = 2_000;
export const MAX_REDIRECT_URIS = 32;

/** What a redirect URI leads to, or why it may not be one. */
export function readRedirectUri(text: string): RedirectTarget | { readonly problem: string } {
  if (text.length > MAX_URI_CHARS) return { problem: `it is longer than ${MAX_URI_CHARS} characters` };
  // Anything else is read in different ways by different readers.
  if (!/^[\x21-\x7e]+$/.test(text) || text.includes('\\') || !URL.canParse(text)) return { problem: 'it is no URI' };
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  if (text.includes('#')) return { problem: 'it has a fragment' };
  if (url.username !== '' || url.password !== '') return { problem: 'it has a user name or password' };
  if (url.hostname.includes('*')) return { problem: 'wildcards match nothing' };
  if (scheme === 'https') return { type: LOOPBACK_HOSTS.has(url.hostname) ? 'loopback' : 'web', to: url.host };
  if (scheme === 'http') {
    if (LOOPBACK_HOSTS.has(url.hostname)) return { type: 'loopback', to: url.host };
    return { problem: 'http is for localhost, 127.0.0.1 and [::1] only; use https' };
  }
  if (NOT_OF_PROGRAMS.has(scheme)) return { problem: `no program receives ${scheme}: addresses` };
  return { type: 'app', to: `${scheme}:` };
}

/** Why a client may not have these; undefined: it may. */
export function judgeRedirectUris(uris: unknown): string | undefined {
  if (!Array.isArray(uris) || uris.length === 0) return 'redirect_uris has to be a list with at least one URI';
  if (uris.length > MAX_REDIRECT_URIS) return `redirect_uris has more than ${MAX_REDIRECT_URIS} entries`;
  for (const [i, uri] of uris.entries()) {
    if (typeof uri !== 'string') return `redirect_uris[${i}] is no text`;
    const read = readRedirectUri(uri);
    if ('problem' in read) return `redirect_uris[${i}]: ${read.problem}`;
  }
  return undefined;
}

/** `native` may come back at any port of this machine, `web` only to exactly what it named. */
export function applicationTypeOf(uris: readonly string[]): 'native' | 'web' {
  const isWeb = (uri: string): boolean => uri.startsWith('https:');
  return uris.every(isWeb) ? 'web' : 'native';
}
