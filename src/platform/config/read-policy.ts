/** The policy of a configuration: names, patterns and conditions checked, so that building on it cannot fail. */

import { z } from 'zod';
import { POLICY_VARIABLES, type PolicyConfig, type PolicyRule } from '../../contracts/policy.ts';
import { createCelCompiler } from '../../lib/cel.ts';
import type { JsoncNode } from '../../lib/jsonc.ts';
import { checkPattern } from './check-pattern.ts';
import { describeKind } from './describe-issue.ts';
import { type Document, readPart } from './document.ts';
import { Policy, PolicyAnnotations, PolicyDefaults, PolicyRuleEntry } from './policy-schema.ts';
import type { KnownServer } from './read-servers.ts';
import { nodeAt, type Path, renderPath } from './report.ts';
import { reportCondition } from './report-condition.ts';

type Rule = z.output<typeof PolicyRuleEntry>;

/** The parts are read one by one, so that a message speaks of the one that is wrong. */
const ANYTHING = z.unknown().optional();
const Outline = Policy.extend({ rules: ANYTHING, defaults: ANYTHING, annotations: ANYTHING });

const MAX_ITEMS = 1_000;
const MAX_NAME_CHARS = 64;
const RULE_REMEDY = 'write [{ "name": …, "action": "deny", "targets": ["server/name"] }]';

/** Undefined if there is none, or it decides nothing: then calls pass without a look at it. */
export function readPolicy(document: Document, known: readonly KnownServer[]): PolicyConfig | undefined {
  const { root, report } = document;
  const section = nodeAt(root, ['policy']);
  if (section === undefined) return undefined;
  if (section.type !== 'object') {
    report.problem(['policy'], `expected an object {…}, got ${describeKind(section)}`, 'write { "rules": […] }');
    return undefined;
  }
  readPart(document, ['policy'], section, Outline, Object.keys(Policy.shape));
  const defaultsNode = nodeAt(section, ['defaults']);
  const defaults = readPart(
    document,
    ['policy', 'defaults'],
    defaultsNode,
    PolicyDefaults,
    Object.keys(PolicyDefaults.shape),
  );
  const rules = readRules(document, section, known);
  const annotations = readItems(document, section, 'annotations', PolicyAnnotations).map(({ path, value }) => {
    checkTargets(document, path, value.targets, known);
    const { targets, readOnly, destructive, idempotent, openWorld } = value;
    if ([readOnly, destructive, idempotent, openWorld].every((hint) => hint === undefined))
      report.problem(path, 'says nothing of these tools', 'add e.g. "readOnly": true, or take it out');
    if (readOnly === true && destructive === true)
      report.problem(path, 'what is read-only cannot be destructive', 'keep one of the two');
    return { targets, readOnly, destructive, idempotent, openWorld };
  });
  if (defaults === undefined) return undefined;
  const config = {
    rules,
    annotations,
    defaults: { ...defaults, unannotated: defaults.unannotated ?? defaults.destructive },
  };
  const allows = Object.values(config.defaults).every((each) => each === 'allow');
  return allows && rules.every((rule) => rule.action === 'allow') ? undefined : config;
}

/** The elements of a list, each read on its own. */
function readItems<T>(
  document: Document,
  section: JsoncNode,
  field: string,
  schema: z.ZodType<T> & { readonly shape: object },
): { readonly path: Path; readonly value: T }[] {
  const list = nodeAt(section, [field]);
  const at: Path = ['policy', field];
  if (list === undefined) return [];
  if (list.type !== 'array') {
    const remedy = field === 'rules' ? RULE_REMEDY : undefined;
    document.report.problem(at, `expected a list […], got ${describeKind(list)}`, remedy);
    return [];
  }
  if (list.elements.length > MAX_ITEMS) document.report.problem(at, `holds more than ${MAX_ITEMS}`);
  return list.elements.slice(0, MAX_ITEMS).flatMap((node, i) => {
    const path = [...at, i];
    const value = readPart(document, path, node, schema, Object.keys(schema.shape));
    return value === undefined ? [] : [{ path, value }];
  });
}

function readRules(document: Document, section: JsoncNode, known: readonly KnownServer[]): readonly PolicyRule[] {
  const compile = createCelCompiler(POLICY_VARIABLES);
  const names = new Map<string, Path>();
  return readItems(document, section, 'rules', PolicyRuleEntry).map(({ path, value }) => {
    const { name, action, keys, targets, when, message } = value;
    checkName(document, [...path, 'name'], name, names.get(name));
    names.set(name, names.get(name) ?? path);
    checkKeys(document, path, keys);
    if (targets !== undefined) checkTargets(document, path, targets, known);
    const compiled = when === undefined ? undefined : compile(when);
    if (compiled?.ok === false) reportCondition(document, [...path, 'when'], when ?? '', compiled);
    const uses = compiled?.ok ? compiled.condition.uses : new Set<string>();
    const looksAtCall = ['args', 'now', 'request'].some((variable) => uses.has(variable));
    if (action === 'deny' && message !== undefined && !looksAtCall && compiled?.ok !== false)
      document.report.warning(
        [...path, 'message'],
        'nobody is told: the rule denies whatever the call holds, so what it denies is hidden',
        'say it in a comment; or look at args, now or request in "when"',
      );
    return { name, action, keys, targets, when, message };
  });
}

function checkName({ report }: Document, path: Path, name: string, twin: Path | undefined): void {
  if (name.trim() === '') report.problem(path, 'is empty', 'name what the rule is for');
  else if (name.length > MAX_NAME_CHARS || /[\x00-\x1f\x7f"]/.test(name))
    report.problem(path, `expected at most ${MAX_NAME_CHARS} characters, no quotes and no control characters`);
  else if (name.startsWith('defaults.'))
    report.problem(path, 'begins like the name of a default', 'choose another name');
  if (twin !== undefined) report.problem(path, `is the name of ${renderPath(twin)} too`, 'give each rule its own name');
}

function checkKeys({ report }: Document, path: Path, keys: Rule['keys']): void {
  if (keys?.length === 0) report.problem([...path, 'keys'], 'names nobody', 'leave it out to mean every caller');
  for (const [i, key] of keys?.entries() ?? [])
    if (key.trim() === '') report.problem([...path, 'keys', i], 'is empty', 'write the name of a key; * for any');
}

function checkTargets(document: Document, path: Path, targets: readonly string[], known: readonly KnownServer[]): void {
  if (targets.length === 0)
    document.report.problem([...path, 'targets'], 'names nothing', 'write patterns, e.g. ["github/*"]');
  for (const [i, pattern] of targets.entries()) checkPattern(document.report, [...path, 'targets', i], pattern, known);
}
