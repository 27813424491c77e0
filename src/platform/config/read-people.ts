/** Teams and organisations of the file, as levels above the keys that name them. */

import type { z } from 'zod';
import type { FileLevel } from '../../contracts/config-people.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { toBound, toUsageLimits } from '../../contracts/shapes/read-shapes.ts';
import { closest } from '../../lib/closest.ts';
import { checkBounds } from './check-bounds.ts';
import { checkPattern } from './check-pattern.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import { Organization, Team } from './people-schema.ts';
import type { KnownServer } from './read-servers.ts';
import { nodeAt, type Path } from './report.ts';

type Entry = z.output<typeof Team> & z.output<typeof Organization>;

const SECTIONS = [
  { section: 'organizations', type: 'organization', schema: Organization },
  { section: 'teams', type: 'team', schema: Team },
] as const;

/** Undefined: there are none. Faults are reported. */
export function readPeople(
  document: Document,
  known: readonly KnownServer[],
  providers: readonly string[],
): readonly FileLevel[] | undefined {
  const { root, report } = document;
  const levels: FileLevel[] = [];
  for (const { section, type, schema } of SECTIONS) {
    const node = nodeAt(root, [section]);
    if (node === undefined) continue;
    if (node.type !== 'object') {
      report.problem([section], `expected an object {…} with one entry per ${type}, got ${describeKind(node)}`);
      continue;
    }
    for (const { key: name, keyStart, value } of node.members) {
      const path = [section, name];
      if (name.trim() === '' || name.length > 200)
        report.problem(path, 'expected a name of 1 to 200 characters', undefined, keyStart);
      const entry = readPart(document, path, value, schema, Object.keys(schema.shape)) as Entry | undefined;
      if (entry === undefined) continue;
      if (entry.bounds !== undefined) checkEntry(document, path, entry.bounds, known, providers);
      const organization = type === 'team' ? findNamed(document, path, entry.organization, levels) : undefined;
      levels.push({
        ...{ type, id: idOf(type, name), name, grant: toBound(entry.bounds), limits: toUsageLimits(entry.limits) },
        ...{ organization, labels: entry.labels, line: report.lineOf(path) },
        body: JSON.parse(
          JSON.stringify({ ...entry, name, ...(organization !== undefined && { organization }) }),
        ) as JsonObject,
      });
    }
  }
  return levels.length === 0 ? undefined : levels;
}

const idOf = (type: 'team' | 'organization', name: string): string => `config:${type}:${name}`;

/** Levels above a key of that team, nearest first. Reports a team that is not there. */
export function levelsAbove(
  document: Document,
  path: Path,
  team: string | undefined,
  people: readonly FileLevel[],
): readonly FileLevel[] {
  if (team === undefined) return [];
  const found = people.find((level) => level.type === 'team' && level.name === team);
  if (found === undefined) {
    reportMissing(document, [...path, 'team'], 'team', team, people);
    return [];
  }
  const above = people.find(({ id }) => id === found.organization);
  return above === undefined ? [found] : [found, above];
}

/** Organisations are read before teams. */
function findNamed(
  document: Document,
  path: Path,
  name: string | undefined,
  levels: readonly FileLevel[],
): string | undefined {
  if (name === undefined) return undefined;
  const found = levels.find((level) => level.type === 'organization' && level.name === name);
  if (found === undefined) reportMissing(document, [...path, 'organization'], 'organization', name, levels);
  return found?.id;
}

function reportMissing(
  { report }: Document,
  path: Path,
  type: 'team' | 'organization',
  name: string,
  people: readonly FileLevel[],
): void {
  const near = closest(
    name,
    people.filter((level) => level.type === type).map((level) => level.name),
  );
  report.problem(
    path,
    `there is no ${type} of this name in the file`,
    near === undefined ? `write it under "${type}s"` : `did you mean ${JSON.stringify(near)}?`,
  );
}

function checkEntry(
  { report }: Document,
  path: Path,
  bounds: NonNullable<Entry['bounds']>,
  known: readonly KnownServer[],
  providers: readonly string[],
): void {
  const at = [...path, 'bounds'];
  for (const field of ['allow', 'deny'] as const)
    for (const [i, pattern] of bounds[field].entries())
      checkPattern(report, [...at, field, i], pattern, known, providers);
  for (const [i, pattern] of (bounds.agent?.auto ?? []).entries())
    checkPattern(report, [...at, 'agent', 'auto', i], pattern, known, providers);
  checkBounds(report, at, bounds, providers);
}
