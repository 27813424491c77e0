/** Classes with bases, properties, static and class methods, dataclasses and enumerations: made out of the plain classes that there are. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { type ClassInfo, calleeOf, inheritedOf, memberName, readClasses, selfOf } from './read-classes.ts';
import { ERRORS, instances } from './rewrite-errors.ts';
import {
  afterwards,
  all,
  around,
  breaksOf,
  childrenOf,
  type Parsed,
  type Rewrite,
  replace,
  within,
  wrap,
} from './syntax.ts';

const INHERIT = '_portcullis_inherit';
const ERROR = '_portcullis_error';
const ENUM = '_portcullis_enum';
const TUPLE = '_portcullis_named_tuple';
const GET = '_portcullis_get';
const DATACLASS = '_portcullis_dataclass';

type Classes = ReadonlyMap<string, ClassInfo>;

export const rewriteClasses: Rewrite = (script, { helpers }) => {
  const classes = readClasses(script);
  const use = (helper: string): string => {
    helpers.add(helper);
    return helper;
  };
  const isSimple =
    !/\bfield\(|\bfield\b|asdict|astuple|__post_init__|@(?:property|staticmethod|classmethod|cached_property)|\border\s*=|kw_only/.test(
      script.code,
    );
  const edits: Edit[] = [];
  for (const info of classes.values()) {
    if (info.bases.some((base) => !classes.has(base) && info.kind === 'plain')) continue;
    const made = rewriteOne(script, info, classes, use);
    if (made === undefined) continue;
    edits.push(...made);
    const isHeir = info.bases.length > 0;
    if (info.dataclass !== undefined && (!isSimple || isHeir)) {
      const fields = fieldsOf(info, classes).map((name) => `"${name}"`);
      edits.push(
        ...inPlaceOf(script, info.dataclass, `@${use(DATACLASS)}([${fields.join(', ')}], [${info.bases.join(', ')}])`),
      );
    }
  }
  const heirs = [...classes.values()].some(({ bases, kind }) => kind === 'plain' && bases.length > 0);
  const hasErrors = [...classes.values()].some(({ kind }) => kind === 'error');
  if (heirs && !hasErrors) {
    edits.push(...instances(script));
    use('_portcullis_isinstance');
  }
  return [...edits, ...accesses(script, classes, use), ...enumUses(script, classes, use)];
};

/** A decorator takes the line break after it along. */
const inPlaceOf = (script: Parsed, decorator: SyntaxNode, by: string): readonly Edit[] => {
  const to = decorator.from + script.text(decorator).trimEnd().length;
  return [{ from: decorator.from, to, text: by + breaksOf(script.code.slice(decorator.from, to)) }];
};

/** Names that the constructor of a dataclass takes. */
function fieldsOf(info: ClassInfo, classes: Classes): readonly string[] {
  const inherited = info.bases.flatMap((base) => {
    const of = classes.get(base);
    return of?.dataclass === undefined ? [] : fieldsOf(of, classes);
  });
  const own = info.attributes.filter(({ isTyped, type }) => isTyped && !/ClassVar/.test(type)).map(({ name }) => name);
  return [...new Set([...inherited, ...own])];
}

/** Undefined: there is no room for what has to be said after it. */
function rewriteOne(
  script: Parsed,
  info: ClassInfo,
  classes: Classes,
  use: (helper: string) => string,
): readonly Edit[] | undefined {
  const { node, name } = info;
  const edits: Edit[] = [];
  const list = node.getChild('ArgList');
  const statement = afterwardsOf(info, classes, use);
  if (statement !== undefined) {
    const whole = node.parent?.name === 'DecoratedStatement' ? node.parent : node;
    const after = afterwards(script, whole, `${name} = ${statement}`);
    if (after === undefined) return undefined;
    edits.push(after);
  }
  if (list !== null) edits.push(replace(list, ''));
  for (const method of info.methods) {
    for (const decorator of method.decorators) edits.push(...inPlaceOf(script, decorator, 'pass'));
    const own = method.node.getChild('VariableName');
    if (method.kind !== 'plain' && own !== null) edits.push(replace(own, memberName(method.name, method.kind)));
    edits.push(...supers(script, info, method.node, classes));
  }
  return edits;
}

function afterwardsOf(info: ClassInfo, classes: Classes, use: (helper: string) => string): string | undefined {
  const { name, kind, bases } = info;
  const own = new Set([
    ...info.methods.map((method) => memberName(method.name, method.kind)),
    ...info.attributes.map((each) => each.name),
  ]);
  const inherited = [...inheritedOf(info, classes)].filter(([member]) => !own.has(member));
  const told = `[${bases.join(', ')}], [${inherited.map(([member, base]) => `("${member}", ${base})`).join(', ')}]`;
  switch (kind) {
    case 'enum': {
      const members = info.attributes
        .filter((each) => !each.isTyped && !each.name.startsWith('_'))
        .map((each) => `"${each.name}"`);
      return `${use(ENUM)}(${name}, "${name}", [${members.join(', ')}], ${info.isMixed ? 'True' : 'False'})`;
    }
    case 'error': {
      use(ERRORS);
      const has = (method: string): string =>
        own.has(method) || inherited.some(([member]) => member === method) ? 'True' : 'False';
      return `${ERROR}(${name}, "${name}", ${told}, ${has('__init__')}, ${has('__str__')})`;
    }
    case 'tuple':
      return `${use(TUPLE)}(${name}, "${name}", [${info.attributes.map((each) => `"${each.name}"`).join(', ')}])`;
    case 'plain':
      return bases.length === 0 ? undefined : `${use(INHERIT)}(${name}, ${told})`;
  }
}

/** `super().m(…)` is the base's own `m` with the object before the rest. */
function supers(script: Parsed, info: ClassInfo, method: SyntaxNode, classes: Classes): readonly Edit[] {
  const self = selfOf(script, method);
  if (self === undefined) return [];
  return within(all(script, 'CallExpression'), method).flatMap((call): readonly Edit[] => {
    const callee = call.firstChild;
    const object = callee?.name === 'MemberExpression' ? callee.firstChild : null;
    if (callee === null || object?.name !== 'CallExpression' || calleeOf(script, object) !== 'super') return [];
    const [list, property] = [call.getChild('ArgList'), callee.lastChild];
    if (list === null || property === null) return [];
    const name = script.text(property);
    const base = inheritedOf(info, classes).get(name);
    const of =
      base !== undefined
        ? `${base}.${name}`
        : name === '__init__' && info.kind === 'error'
          ? '_portcullis_init_error'
          : name === '__str__'
            ? '_portcullis_error_text'
            : undefined;
    // What every object has does nothing.
    if (of === undefined) return name === '__init__' ? [replace(call, 'None')] : [];
    const rest = childrenOf(list).length === 2 ? '' : ', ';
    return [replace(callee, of), { from: list.from + 1, to: list.from + 1, text: self + rest }];
  });
}

/** `task.title` where some class has a property, a static or a class method of that name. */
function accesses(script: Parsed, classes: Classes, use: (helper: string) => string): readonly Edit[] {
  const special = new Map(
    [...classes.values()].flatMap(({ methods }) =>
      methods.filter(({ kind }) => kind !== 'plain').map(({ name, kind }) => [name, kind] as const),
    ),
  );
  if (special.size === 0) return [];
  return all(script, 'MemberExpression').flatMap((node): readonly Edit[] => {
    const [object, property] = [node.firstChild, node.lastChild];
    if (object === null || property?.name !== 'PropertyName') return [];
    const name = script.text(property);
    const kind = special.get(name);
    const isCalled =
      node.parent?.name === 'CallExpression' &&
      node.parent.firstChild?.from === node.from &&
      node.parent.firstChild.to === node.to;
    const isSet =
      /^(?:Assign|Update|Delete)Statement$/.test(node.parent?.name ?? '') &&
      node.nextSibling !== null &&
      node.parent?.firstChild?.from === node.from;
    if (kind === undefined || isSet || (kind === 'property' && isCalled) || isSuper(script, object)) return [];
    return [
      { from: object.from, to: object.from, text: `${use(GET)}(` },
      { from: object.to, to: node.to, text: `, "${name}")` },
    ];
  });
}

const isSuper = (script: Parsed, object: SyntaxNode): boolean =>
  object.name === 'CallExpression' && calleeOf(script, object) === 'super';

/** `Color("red")`, `Color["RED"]`, `for c in Color`. */
function enumUses(script: Parsed, classes: Classes, use: (helper: string) => string): readonly Edit[] {
  const enums = new Set([...classes.values()].filter(({ kind }) => kind === 'enum').map(({ name }) => name));
  if (enums.size === 0) return [];
  return all(script, 'VariableName').flatMap((node): readonly Edit[] => {
    if (!enums.has(script.text(node))) return [];
    const { parent, prevSibling, nextSibling } = node;
    if (parent?.name === 'CallExpression' && parent.firstChild?.from === node.from && nextSibling?.name === 'ArgList')
      return [{ from: node.from, to: nextSibling.from + 1, text: `${use(`${ENUM}_of`)}(${script.text(node)}, ` }];
    if (parent?.name === 'MemberExpression' && parent.firstChild?.from === node.from && nextSibling?.name === '[')
      return [...wrap(node, `${use(`${ENUM}_named`)}(`, ')')];
    const isIterated = prevSibling?.name === 'in' && around(node, 'Body', 'ArgList', 'Script') !== undefined;
    const isListed =
      parent?.name === 'ArgList' &&
      /^(?:list|len|sorted|tuple|set|enumerate|iter)$/.test(calleeOf(script, parent.parent ?? node) ?? '');
    return isIterated || isListed ? [replace(node, `${script.text(node)}._portcullis_members`)] : [];
  });
}
