/** `%` on texts, `|` on dicts and types, methods that are handed on, and arguments that the engine's functions do not take. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { all, argumentsOf, around, childrenOf, dotted, type Parsed, type Rewrite, replace, wrap } from './syntax.ts';

const FORMAT = '_portcullis_format';
const UNION = '_portcullis_union';
const SUM = '_portcullis_sum';
const RE_SUB = '_portcullis_re_sub';

const TEXTS = new Set(['String', 'FormatString', 'ContinuedString']);

export const rewriteExpressions: Rewrite = (script, { helpers }) => {
  const use = (helper: string): string => {
    helpers.add(helper);
    return helper;
  };
  const texts = namesOfTexts(script);
  const operators = all(script, 'BinaryExpression').flatMap((node): readonly Edit[] => {
    const [left, operator, right] = childrenOf(node);
    if (left === undefined || operator === undefined || right === undefined) return [];
    const sign = script.text(operator);
    const isFormat =
      sign === '%' && (isText(left, script, texts) || /^(?:Tuple|Dictionary)Expression$/.test(right.name));
    const isUnion = sign === '|' && !isAnnotation(node);
    if (!isFormat && !isUnion) return [];
    return [
      { from: left.from, to: left.from, text: `${use(isFormat ? FORMAT : UNION)}(` },
      replace(operator, ','),
      { from: right.to, to: right.to, text: ')' },
    ];
  });
  return [...operators, ...all(script, 'CallExpression').flatMap((call) => rewriteCall(script, call, use))];
};

function isText(node: SyntaxNode, { text }: Parsed, texts: ReadonlySet<string>): boolean {
  if (TEXTS.has(node.name)) return true;
  if (node.name === 'VariableName') return texts.has(text(node));
  const inner = node.name === 'ParenthesizedExpression' ? node.firstChild?.nextSibling : undefined;
  return inner !== null && inner !== undefined && TEXTS.has(inner.name);
}

/** Variables that are given nothing but a text where they are given one. */
function namesOfTexts(script: Parsed): ReadonlySet<string> {
  const names = all(script, 'AssignStatement').flatMap((node) => {
    const [target, , value] = childrenOf(node);
    const isOne = target?.name === 'VariableName' && value !== undefined && isText(value, script, new Set());
    return isOne ? [script.text(target)] : [];
  });
  return new Set(names);
}

const isAnnotation = (node: SyntaxNode): boolean => {
  const type = around(node, 'TypeDef', 'TypeDefinition', 'Body', 'ArgList');
  return type?.name === 'TypeDef' || type?.name === 'TypeDefinition';
};

/** Of the methods that texts, dicts, lists and sets have. */
const METHODS =
  /^(?:get|lower|upper|strip|lstrip|rstrip|title|capitalize|casefold|split|splitlines|startswith|endswith|isdigit|isalpha|isupper|count|index|keys|values|items|join|format|append|add|extend|pop|encode|decode|replace)$/;
/** Functions of the language whose methods are functions: `str.lower`. */
const TYPES = /^(?:str|dict|list|set|tuple|bytes|int|float)$/;

function rewriteCall(script: Parsed, call: SyntaxNode, use: (helper: string) => string): readonly Edit[] {
  const { text } = script;
  const callee = call.firstChild;
  const given = argumentsOf(call, text);
  const name = dotted(callee, text);
  const edits: Edit[] = [];
  if (callee !== null && name === 'sum' && given?.[0]?.stars !== '*' && mayHoldBooleans(call, given?.[0]?.value))
    edits.push(replace(callee, use(SUM)));
  if (callee !== null && name === 're.sub' && given?.[1] !== undefined && !TEXTS.has(given[1].value.name))
    edits.push(replace(callee, use(RE_SUB)));
  if (
    callee?.name === 'MemberExpression' &&
    callee.lastChild?.name === 'PropertyName' &&
    text(callee.lastChild) === 'sub' &&
    name !== 're.sub'
  ) {
    // `pattern.sub(lambda m: …, text)`
    if (given?.[0]?.value.name === 'LambdaExpression' && callee.firstChild !== null) {
      const list = call.getChild('ArgList');
      if (list !== null)
        edits.push({ from: callee.from, to: list.from + 1, text: `${use(RE_SUB)}(${text(callee.firstChild)}, ` });
    }
  }
  if (name !== undefined && takesAnyItems(script, name) && given?.[0] !== undefined)
    edits.push(...asList(script, given[0].value));
  const made = /(?:^|\.)datetime\.(fromtimestamp|utcfromtimestamp|utcnow)$/.exec(name ?? '')?.[1];
  if (made !== undefined && callee !== null) edits.push(replace(callee, use(`_portcullis_${made}`)));
  // The engine's takes whole numbers.
  const list = call.getChild('ArgList');
  if (
    callee !== null &&
    list !== null &&
    /(?:^|\.)timedelta$/.test(name ?? '') &&
    /\d\.\d|[^/]\/[^/]|\bfloat\(/.test(text(list))
  )
    edits.push(replace(callee, use('_portcullis_duration')));
  edits.push(...methodOfHelper(script, call, use));
  if (name === 'print') edits.push(...withoutFile(call, text));
  if (name === 'next') edits.push(...iterated(call));
  for (const argument of given ?? []) {
    const { value } = argument;
    const method =
      value.name === 'MemberExpression' && value.lastChild?.name === 'PropertyName' ? text(value.lastChild) : '';
    if (
      !METHODS.test(method) ||
      dotted(value, text) === undefined ||
      value.firstChild === null ||
      argument.stars !== ''
    )
      continue;
    const isHanded =
      argument.name === 'key' ||
      (/^(?:map|filter|reduce)$/.test(name ?? '') && argument === given?.[0]) ||
      TYPES.test(text(value.firstChild));
    if (!isHanded) continue;
    const object = text(value.firstChild);
    const body = TYPES.test(object) ? `_x.${method}(*_r)` : `${object}.${method}(_x, *_r)`;
    edits.push(replace(value, `(lambda _x, *_r: ${body})`));
  }
  return edits;
}

/** `day.isocalendar()`: methods that the engine's dates lack. */
function methodOfHelper({ text }: Parsed, call: SyntaxNode, use: (helper: string) => string): readonly Edit[] {
  const [callee, list] = [call.firstChild, call.getChild('ArgList')];
  const [object, property] = [callee?.firstChild, callee?.lastChild];
  if (!callee || !list || !object || property?.name !== 'PropertyName' || object.from === property.from) return [];
  const name = text(property);
  if (name !== 'isocalendar' && name !== 'astimezone') return [];
  return [
    { from: callee.from, to: callee.from, text: `${use(`_portcullis_${name}`)}(` },
    { from: object.to, to: list.from + 1, text: childrenOf(list).length > 2 ? ', ' : '' },
  ];
}

/** Of the host's: what it is given has to be a list. */
const OF_HOST = /^(?:f?mean|median(?:_low|_high)?|mode|p?stdev|p?variance|choices?|sample)$/;

function takesAnyItems({ code }: Parsed, name: string): boolean {
  const [, module, member = ''] = /^(?:(statistics|random)\.)?(\w+)$/.exec(name) ?? [];
  return OF_HOST.test(member) && (module !== undefined || /^[ \t]*from (?:statistics|random) import/m.test(code));
}

/** Views of dicts, maps and the like; not what is a list already. */
const asList = ({ text }: Parsed, value: SyntaxNode): readonly Edit[] =>
  /^(?:Array|String|Number)/.test(value.name) || /^(?:list|sorted)\(/.test(text(value))
    ? []
    : wrap(value, 'list(', ')');

/** `sum(x > 1 for x in y)`: the engine does not add a truth to a number. */
function mayHoldBooleans(call: SyntaxNode, first: SyntaxNode | undefined): boolean {
  const list = call.getChild('ArgList');
  const element = list?.getChild('for')
    ? list.firstChild?.nextSibling
    : first?.getChild('for')
      ? first.firstChild?.nextSibling
      : first;
  return element !== null && element !== undefined && !/^(?:Number|ConditionalExpression)$/.test(element.name);
}

/** `print(x, file=sys.stderr)`: there is one place that is printed to. */
function withoutFile(call: SyntaxNode, text: Parsed['text']): readonly Edit[] {
  const list = call.getChild('ArgList');
  for (const child of list === null ? [] : childrenOf(list)) {
    const value = child.nextSibling?.nextSibling;
    if (!/^(?:file|flush)$/.test(text(child)) || child.nextSibling?.name !== 'AssignOp' || !value) continue;
    if (text(child) === 'flush') continue;
    const comma = child.prevSibling?.name === ',' ? child.prevSibling : child;
    return [{ from: comma.from, to: value.to, text: '' }];
  }
  return [];
}

/** A generator expression is a list here, and `next` wants an iterator. */
function iterated(call: SyntaxNode): readonly Edit[] {
  const list = call.getChild('ArgList');
  const first = list?.firstChild?.nextSibling;
  if (list === null || list === undefined || first === null || first === undefined) return [];
  if (first.name === 'ComprehensionExpression' || first.name === 'ParenthesizedExpression')
    return wrap(first, 'iter(', ')');
  // `next(x for x in xs)`: the brackets of the call are those of the expression.
  if (list.getChild('for') !== null)
    return [
      { from: list.from + 1, to: list.from + 1, text: 'iter([' },
      { from: list.to - 1, to: list.to - 1, text: '])' },
    ];
  return [];
}
