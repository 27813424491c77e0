/** Who may talk to us at all: Host and Origin checks against DNS rebinding and foreign web pages; pure, before any route. */

export interface AllowedNames {
  /** Host header values besides loopback names and the bound address; without a port any port fits. */
  readonly hosts: readonly string[];
  /** Browser origins besides our own and loopback ones, exactly as browsers send them. */
  readonly origins: readonly string[];
}

/** A rebound DNS name is never one of these, so they are accepted wherever we are bound; nothing is derived from them. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** `host`, `host:port`, `[v6]:port` -> lower-case name and port, or undefined if it is no Host value. */
function parseHost(value: string): { readonly name: string; readonly port: string } | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(value);
  return match === null ? undefined : { name: (match[1] ?? '').toLowerCase(), port: match[2] ?? '' };
}

/** The socket's own address as a Host name: IPv4 mapped into IPv6 unwrapped, IPv6 in brackets. */
function addressAsName(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return plain.includes(':') ? `[${plain.toLowerCase()}]` : plain;
}

/** True if the Host header is a loopback name, the address the connection came in on, or a configured name. */
export function isAllowedHost(
  host: string | undefined,
  localAddress: string | undefined,
  allowed: readonly string[],
): boolean {
  const asked = host === undefined ? undefined : parseHost(host);
  if (asked === undefined) return false;
  if (LOOPBACK_NAMES.has(asked.name)) return true;
  if (localAddress !== undefined && asked.name === addressAsName(localAddress)) return true;
  return allowed.some((entry) => {
    const permitted = parseHost(entry);
    return permitted?.name === asked.name && (permitted.port === '' || permitted.port === asked.port);
  });
}

/** True if the Origin is our own (same as Host), a loopback one, or configured. `null` never is. */
export function isAllowedOrigin(origin: string, host: string, allowed: readonly string[]): boolean {
  if (allowed.includes(origin)) return true;
  const match = /^https?:\/\/(.+)$/i.exec(origin);
  const asked = match?.[1] === undefined ? undefined : parseHost(match[1]);
  if (asked === undefined) return false;
  return LOOPBACK_NAMES.has(asked.name) || match?.[1]?.toLowerCase() === host.toLowerCase();
}
