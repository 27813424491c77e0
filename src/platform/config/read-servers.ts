/** The servers of a configuration: gathered from every place they may stand, joined with our own options, given their ids. */

import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { META_SERVER } from '../../contracts/codemode.ts';
import type { ServerConfig } from '../../contracts/config.ts';
import { Secret } from '../../contracts/secret.ts';
import { canonicalValue } from '../../lib/canonical-json.ts';
import { closest } from '../../lib/closest.ts';
import type { JsoncMember, JsoncNode } from '../../lib/jsonc.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkExchange, readExchange } from './check-exchange.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import { isOpenApi, readTransport } from './read-transport.ts';
import { nodeAt, type Path, renderPath } from './report.ts';
import { ServerOptions } from './schema.ts';
import { serverIdOf } from './server-id.ts';
import { ServerEntry, type ServerEntryValue, WITHOUT_EFFECT } from './server-schema.ts';

/** Where servers may stand, ours first. */
const PLACES: readonly Path[] = [['mcpServers'], ['servers'], ['mcp', 'servers']];

interface Found {
  readonly name: string;
  readonly path: Path;
  readonly member: JsoncMember;
}

/** What patterns are checked against. */
export interface KnownServer {
  readonly id: string;
  readonly name: string;
}

/** All servers, disabled ones too. `known` also holds those that could not be read. */
export function readServers(document: Document): {
  readonly servers: readonly ServerConfig[];
  readonly known: readonly KnownServer[];
} {
  const found = findServers(document);
  const options = readOptions(document, new Set(found.map((each) => each.name)));
  const servers: ServerConfig[] = [];
  for (const each of found) {
    const server = readServer(document, each, options.get(each.name));
    if (server !== undefined) servers.push(server);
  }
  return { servers, known: found.map(({ name }) => ({ name, id: serverIdOf(name) })) };
}

function findServers({ root, report }: Document): Found[] {
  const byName = new Map<string, Found>();
  const byId = new Map<string, Found>();
  for (const place of PLACES) {
    const section = nodeAt(root, place);
    if (section === undefined) continue;
    if (section.type !== 'object') {
      report.problem(place, `expected an object {…} with one entry per server, got ${describeKind(section)}`);
      continue;
    }
    for (const member of section.members) {
      const name = member.key;
      const path = [...place, name];
      // A name that stands twice in one place has been reported as such.
      const twin = byName.get(name);
      if (twin !== undefined && renderPath(twin.path) !== renderPath(path))
        report.problem(path, `there is a server of this name at ${renderPath(twin.path)} too`, 'rename one of them');
      if (name.trim() === '') report.problem(path, 'a server needs a name', undefined, member.keyStart);
      const found = { name, path, member };
      const id = serverIdOf(name);
      // Ids stand in URI schemes, where case does not count.
      const sameId = byId.get(id.toLowerCase());
      if (sameId !== undefined && sameId.name !== name)
        report.problem(path, `gets the same id as ${renderPath(sameId.path)}: ${id}`, 'rename one of them');
      if (id === META_SERVER) report.problem(path, `the id ${META_SERVER} is the gateway's own`, 'rename it');
      byName.set(name, twin ?? found);
      byId.set(id.toLowerCase(), sameId ?? found);
    }
  }
  return [...byName.values()];
}

type Options = z.output<typeof ServerOptions>;

function readOptions(document: Document, names: ReadonlySet<string>): ReadonlyMap<string, Options> {
  const { root, report } = document;
  const options = new Map<string, Options>();
  const section = nodeAt(root, ['serverOptions']);
  if (section === undefined) return options;
  if (section.type !== 'object') {
    report.problem(['serverOptions'], `expected an object {…} with one entry per server, got ${describeKind(section)}`);
    return options;
  }
  for (const { key: name, value: node } of section.members) {
    const path = ['serverOptions', name];
    if (!names.has(name)) {
      const near = closest(name, names);
      report.problem(
        path,
        'there is no server of this name in mcpServers',
        near === undefined ? 'use the name the server has in mcpServers' : `did you mean ${JSON.stringify(near)}?`,
      );
    }
    const value = readPart(document, path, node, ServerOptions, Object.keys(ServerOptions.shape));
    if (value !== undefined) options.set(name, value);
  }
  return options;
}

function readServer(document: Document, found: Found, options: Options | undefined): ServerConfig | undefined {
  const { name, path, member } = found;
  const node = member.value;
  const enabled = options?.enabled ?? !isSwitchedOff(node);
  const value = readPart(document, path, node, ServerEntry, Object.keys(ServerEntry.shape), {
    pasted: true,
    off: !enabled,
    // `auth` of an OpenAPI server is read apart, with its references.
    asIs: (field) => Object.hasOwn(WITHOUT_EFFECT, field),
  });
  warnOfFieldsWithoutEffect(document, found, value);
  if (value === undefined) return undefined;
  if (value.disabled !== undefined && value.disabled === value.enabled)
    document.report.problem(path, '"disabled" and "enabled" contradict each other', 'keep one of them');
  const transport = readTransport({ document, path, node, value, off: !enabled });
  if (transport === undefined) return undefined;
  if (options !== undefined) checkCredentials(document, ['serverOptions', name], options, transport);
  if (options !== undefined) checkExchange(document, ['serverOptions', name], options);
  const { definitions, ...running } = withDefaults(options);
  const server = {
    id: serverIdOf(name),
    name,
    enabled: options?.enabled ?? (value.enabled !== false && value.disabled !== true),
    transport,
    ...running,
  };
  return { ...server, definitions, fingerprint: fingerprintOf(server) };
}

function withDefaults(options: Options | undefined) {
  const { enabled: _, oauth, credentials, userHeaders, tokenExchange, ...others } = options ?? ServerOptions.parse({});
  const { clientSecret, clientCredentials, ...open } = oauth ?? {};
  const { privateKey } = clientCredentials ?? {};
  const key = privateKey === undefined ? {} : { privateKey: new Secret(privateKey) };
  const secret = {
    ...(clientSecret !== undefined && { clientSecret: new Secret(clientSecret) }),
    ...(clientCredentials !== undefined && { clientCredentials: { issuer: clientCredentials.issuer, ...key } }),
  };
  // Left out where it says nothing, so that fingerprints stay as they were.
  const rest = {
    ...others,
    ...(credentials === 'per-user' && { credentials, ...(userHeaders && { userHeaders }) }),
    ...(tokenExchange !== undefined && { tokenExchange: readExchange(tokenExchange) }),
  };
  return oauth === undefined ? rest : { ...rest, oauth: { ...open, ...secret } };
}

/** Before references are resolved, since a server that is off may lack its variables. */
function isSwitchedOff(node: JsoncNode): boolean {
  const read = (field: string): unknown => {
    const at = nodeAt(node, [field]);
    return at?.type === 'scalar' ? at.value : undefined;
  };
  return read('disabled') === true || read('enabled') === false;
}

function warnOfFieldsWithoutEffect(
  { report }: Document,
  { name, path, member }: Found,
  entry: ServerEntryValue | undefined,
): void {
  if (member.value.type !== 'object') return;
  for (const { key, value } of member.value.members) {
    const row = Object.hasOwn(WITHOUT_EFFECT, key) ? WITHOUT_EFFECT[key] : undefined;
    if (row === undefined || saysNothing(value)) continue;
    if (key === 'auth' && isOpenApi(entry)) continue;
    const instead =
      key === 'timeout' ? `set serverOptions.${renderPath([name])}.callTimeoutMs, in milliseconds` : row.instead;
    report.warning([...path, key], `has no effect here: ${row.meaning}`, instead);
  }
}

/** Empty, false, null and `["*"]` ask for nothing, so nothing is lost by not heeding them. */
function saysNothing(node: JsoncNode): boolean {
  if (node.type === 'object') return node.members.length === 0;
  if (node.type === 'scalar') return node.value === null || node.value === false || node.value === '';
  const [first, ...others] = node.elements;
  return first === undefined || (others.length === 0 && first.type === 'scalar' && first.value === '*');
}

/** SHA-256 over everything, secrets in clear, names sorted. */
function fingerprintOf(server: Omit<ServerConfig, 'fingerprint' | 'definitions'>): string {
  return createHash('sha256')
    .update(canonicalValue(server, (value) => (value instanceof Secret ? value.open() : value)))
    .digest('hex');
}
