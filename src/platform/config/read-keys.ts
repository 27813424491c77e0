// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** Keys of the configuration, and what callers without one may reach. */

import type { Grant } from '../../contracts/caller.ts';
import type { ToolsetConfig } from '../../contracts/config.ts';
import type { ConfigKey, FileLevel, Labels } from '../../contracts/config-people.ts';
import { Secret } from '../../contracts/secret.ts';
import { closest } from '../../lib/closest.ts';
import type { JsoncNode } from '../../lib/jsonc.ts';
import { checkBounds } from './check-bounds.ts';
import { checkPattern } from './check-pattern.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import { Key } from './key-schema.ts';
import { readLimits } from './read-limits.ts';
import { isLoopbackHost } from './read-listen.ts';
import { levelsAbove } from './read-people.ts';
import type { KnownServer } from './read-servers.ts';
import { nodeAt, type Path, renderPath } from './report.ts';
import { Anonymous } from './schema.ts';

const MIN_KEY_CHARS = 16;
const MIN_DIFFERENT_CHARS = 6;

export function readKeys(
  document: Document,
  known: readonly KnownServer[],
  toolsets: readonly Pick<ToolsetConfig, 'name'>[],
  providers: readonly string[],
  people: readonly FileLevel[],
): readonly ConfigKey[] {
  const { root, report } = document;
  const section = nodeAt(root, ['keys']);
  if (section === undefined) return [];
  if (section.type !== 'array') {
    report.problem(
      ['keys'],
      `expected a list […] of keys, got ${describeKind(section)}`,
      'write [{ "name": …, "value": "${env:…}", "allow": ["*"] }]',
    );
    return [];
  }
  const names = new Map<string, Path>();
  const values = new Map<string, Path>();
  const keys: ConfigKey[] = [];
  for (const [i, node] of section.elements.entries()) {
    const path = ['keys', i];
    const key = readPart(document, path, node, Key, Object.keys(Key.shape));
    if (key === undefined) continue;
    if (key.name.trim() === '') report.problem([...path, 'name'], 'is empty', 'name who holds the key');
    checkToken(document, [...path, 'value'], nodeAt(node, ['value']), key.value, 'key');
    const sameName = names.get(key.name);
    if (sameName)
      report.problem([...path, 'name'], `is the name of ${renderPath(sameName)} too`, 'give each key its own name');
    const sameValue = values.get(key.value);
    if (sameValue)
      report.problem([...path, 'value'], `is the value of ${renderPath(sameValue)} too`, 'give each key its own value');
    names.set(key.name, sameName ?? path);
    values.set(key.value, sameValue ?? path);
    const grant = checkGrant(document, path, key, known, providers);
    checkToolsets(document, path, key.toolsets ?? [], toolsets);
    const limits = readLimits(report, [...path, 'limits'], key.limits, known, providers);
    const levels = levelsAbove(document, path, key.team, people);
    const labels: Labels = Object.assign({}, ...levels.map((level) => level.labels).reverse(), key.labels);
    keys.push({
      ...{ name: key.name, value: new Secret(key.value), grant },
      ...(limits !== undefined && { limits }),
      ...(levels.length > 0 && { levels }),
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(key.user !== undefined && { user: { name: key.user, labels: key.labels } }),
    });
  }
  return keys;
}

/** Complains of what is no good as a secret that callers present; `written` is how it stands in the file. */
export function checkToken(
  { report }: Document,
  path: Path,
  written: JsoncNode | undefined,
  value: string,
  what: 'key' | 'token' | 'secret',
): void {
  const remedy = 'make one with: openssl rand -hex 24';
  const isReference = written?.type === 'scalar' && typeof written.value === 'string' && written.value !== value;
  if (value.length < MIN_KEY_CHARS)
    report.problem(path, `is too short; expected at least ${MIN_KEY_CHARS} characters`, remedy);
  else if (/[^\x21-\x7e]/.test(value))
    report.problem(path, 'holds a space, a line break or a character that is not ASCII', remedy);
  else if (new Set(value).size < MIN_DIFFERENT_CHARS)
    report.problem(path, 'is easy to guess: it has very few different characters', remedy);
  else if (!isReference)
    report.warning(
      path,
      `the ${what} stands in the file in clear`,
      'write ${env:NAME} and set that variable before starting',
    );
}

export function readAnonymous(
  document: Document,
  known: readonly KnownServer[],
  host: string | undefined,
  providers: readonly string[],
): Grant | undefined {
  const node = nodeAt(document.root, ['anonymous']);
  if (node === undefined) return undefined;
  if (host !== undefined && !isLoopbackHost(host))
    document.report.problem(
      ['anonymous'],
      'callers without a key are only let in on a loopback address, and listen.host is none',
      'set listen.host to "127.0.0.1", or take "anonymous" out and make a key',
    );
  const grant = readPart(document, ['anonymous'], node, Anonymous, Object.keys(Anonymous.shape));
  return grant === undefined ? undefined : checkGrant(document, ['anonymous'], grant, known, providers);
}

function checkGrant(
  { report }: Document,
  path: Path,
  grant: Grant,
  known: readonly KnownServer[],
  providers: readonly string[],
): Grant {
  for (const field of ['allow', 'deny'] as const)
    for (const [i, pattern] of grant[field].entries())
      checkPattern(report, [...path, field, i], pattern, known, providers);
  for (const [i, pattern] of (grant.agent?.auto ?? []).entries())
    checkPattern(report, [...path, 'agent', 'auto', i], pattern, known, providers);
  const named = grant.toolsets ?? [];
  if (grant.allow.length === 0 && named.length === 0)
    report.warning(
      [...path, 'allow'],
      'allows nothing, so nothing can be reached',
      'add patterns, e.g. "allow": ["*"]',
    );
  checkBounds(report, path, grant, providers);
  const { allow, deny, toolMode, agent, execute, providerKeys, parameters, networks, hours } = grant;
  return {
    ...{ allow, deny },
    ...(named.length > 0 && { toolsets: named }),
    ...(toolMode !== undefined && { toolMode }),
    ...(execute !== undefined && { execute }),
    ...(providerKeys !== undefined && { providerKeys }),
    ...(parameters !== undefined && { parameters }),
    ...(networks !== undefined && { networks }),
    ...(hours !== undefined && { hours }),
    ...(agent !== undefined && { agent }),
  };
}

export function checkToolsets(
  { report }: Document,
  path: Path,
  named: readonly string[],
  toolsets: readonly Pick<ToolsetConfig, 'name'>[],
): void {
  const names = toolsets.map(({ name }) => name);
  for (const [i, name] of named.entries()) {
    if (names.includes(name)) continue;
    const near = closest(name, names);
    report.problem(
      [...path, 'toolsets', i],
      'there is no toolset of this name',
      near === undefined ? 'write it under "toolsets", or take it out here' : `did you mean "${near}"?`,
    );
  }
}
