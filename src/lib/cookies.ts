/** Cookies: reading one value out of a request, writing one for an answer. */

/** The value of the first cookie of that name, as it stands; undefined: there is none. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const at = part.indexOf('=');
    if (at !== -1 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** A Set-Cookie value for the whole site, out of reach of scripts, not sent along with requests from other sites. */
export function writeCookie(
  name: string,
  value: string,
  options: { readonly isSecure: boolean; readonly maxAgeMs: number },
): string {
  const secure = options.isSecure ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${Math.floor(options.maxAgeMs / 1000)}; HttpOnly; SameSite=Lax${secure}`;
}
