/** The classes of a script, as far as they can be read off it: bases, members, and what kind of thing each is. */

import type { SyntaxNode } from '@lezer/common';
import { all, childrenOf, dotted, type Parsed } from './syntax.ts';

export interface Method {
  readonly name: string;
  readonly node: SyntaxNode;
  readonly kind: 'plain' | 'property' | 'static' | 'class';
  /** Those that say the kind, or nothing that is needed here. */
  readonly decorators: readonly SyntaxNode[];
}

export interface ClassInfo {
  readonly name: string;
  readonly node: SyntaxNode;
  readonly bases: readonly string[];
  readonly kind: 'plain' | 'error' | 'enum' | 'tuple';
  /** A member of an enumeration is what it was given, too: `str, Enum`. */
  readonly isMixed: boolean;
  readonly methods: readonly Method[];
  /** Set in its body, in order; whether with a value. */
  readonly attributes: readonly { readonly name: string; readonly isTyped: boolean; readonly type: string }[];
  readonly dataclass: SyntaxNode | undefined;
}

/** Bases that say nothing about how an object behaves. */
const EMPTY_BASES = /^(?:object|(?:abc\.)?ABC|(?:typing\.)?(?:Protocol|Generic|TypedDict)(?:\[.*\])?)$/;
const ENUMS = /^(?:enum\.)?(?:Enum|IntEnum|StrEnum)$/;
export const BUILTIN_ERROR = /^(?:BaseException|Exception|Warning|UserWarning|(?:[A-Z]\w*)Error)$/;

const KINDS: { readonly [decorator: string]: Method['kind'] } = {
  ...{ property: 'property', cached_property: 'property', 'functools.cached_property': 'property' },
  ...{ _portcullis_cached_property: 'property', staticmethod: 'static', classmethod: 'class' },
  ...{ abstractmethod: 'plain', 'abc.abstractmethod': 'plain', override: 'plain' },
};

/** By name, in order of the script. */
export function readClasses(script: Parsed): ReadonlyMap<string, ClassInfo> {
  const found = new Map<string, ClassInfo>();
  for (const node of all(script, 'ClassDefinition')) {
    const info = readClass(script, node, found);
    if (info !== undefined) found.set(info.name, info);
  }
  return found;
}

function readClass(script: Parsed, node: SyntaxNode, known: ReadonlyMap<string, ClassInfo>): ClassInfo | undefined {
  const { text } = script;
  const [name, body] = [node.getChild('VariableName'), node.getChild('Body')];
  if (name === null || body === null) return undefined;
  const given = childrenOf(node.getChild('ArgList') ?? node.getChild('PassStatement') ?? name)
    .filter(
      (child) =>
        /Name|MemberExpression/.test(child.name) &&
        child.prevSibling?.name !== 'AssignOp' &&
        child.nextSibling?.name !== 'AssignOp',
    )
    .map(text);
  const bases = given.filter((base) => !EMPTY_BASES.test(base));
  const isEnum = bases.some((base) => ENUMS.test(base));
  const isTuple = bases.some((base) => /^(?:typing\.)?NamedTuple$/.test(base));
  const isError = bases.some(
    (base) => known.get(base)?.kind === 'error' || (!known.has(base) && BUILTIN_ERROR.test(base)),
  );
  const outer = node.parent?.name === 'DecoratedStatement' ? node.parent.getChildren('Decorator') : [];
  return {
    ...{ name: text(name), node, kind: isEnum ? 'enum' : isError ? 'error' : isTuple ? 'tuple' : 'plain' },
    bases: isEnum || isTuple ? [] : bases,
    isMixed: isEnum && (bases.length > 1 || bases.some((base) => /IntEnum|StrEnum/.test(base))),
    methods: childrenOf(body).flatMap((child) => readMethod(script, child)),
    attributes: childrenOf(body).flatMap((child) => {
      const target = child.name === 'AssignStatement' ? child.firstChild : null;
      const type = child.getChild('TypeDef');
      if (target?.name !== 'VariableName') return [];
      return [{ name: text(target), isTyped: type !== null, type: type === null ? '' : text(type) }];
    }),
    dataclass: outer.find((each) => /^@(?:dataclasses\.)?dataclass\b/.test(text(each))),
  };
}

function readMethod({ text }: Parsed, child: SyntaxNode): readonly Method[] {
  const node = child.name === 'DecoratedStatement' ? child.getChild('FunctionDefinition') : child;
  const name = node?.name === 'FunctionDefinition' ? node.getChild('VariableName') : null;
  if (node === null || name === null) return [];
  const decorators = child.name === 'DecoratedStatement' ? child.getChildren('Decorator') : [];
  const kinds = decorators.map((each) => KINDS[text(each).slice(1).trim()]);
  const known = decorators.filter((_, i) => kinds[i] !== undefined);
  return [
    {
      name: text(name),
      node,
      kind: kinds.find((kind) => kind !== undefined && kind !== 'plain') ?? 'plain',
      decorators: known,
    },
  ];
}

/** What objects of it have besides its own: by name, from which base. */
export function inheritedOf(info: ClassInfo, classes: ReadonlyMap<string, ClassInfo>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const base of info.bases) {
    const of = classes.get(base);
    if (of === undefined || of === info) continue;
    for (const { name, kind } of of.methods)
      if (!found.has(memberName(name, kind))) found.set(memberName(name, kind), base);
    for (const { name } of of.attributes) if (!found.has(name)) found.set(name, base);
    for (const name of inheritedOf(of, classes).keys()) if (!found.has(name)) found.set(name, base);
  }
  return found;
}

/** Under which name the rewritten class has it. */
export const memberName = (name: string, kind: Method['kind']): string =>
  kind === 'plain' ? name : `_portcullis_${kind}_${name}`;

/** The name of the variable where a method has its object. */
export function selfOf(script: Parsed, method: SyntaxNode): string | undefined {
  const first = method.getChild('ParamList')?.getChild('VariableName');
  return first === null || first === undefined ? undefined : script.text(first);
}

export const calleeOf = (script: Parsed, call: SyntaxNode): string | undefined => dotted(call.firstChild, script.text);
