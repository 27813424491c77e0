/** `del`, slices that are assigned to, `|=`, and `with` that waits: statements that the engine lacks. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { all, childrenOf, type Parsed, type Rewrite, replace } from './syntax.ts';

const DEL = '_portcullis_del';
const SET_SLICE = '_portcullis_set_slice';
const IOR = '_portcullis_ior';
const PARTS = '_portcullis_parts';

/** Between the brackets of `x[1:2]`; undefined: it is one index. */
function sliceOf({ text }: Parsed, member: SyntaxNode): string | undefined {
  const inner = childrenOf(member);
  const open = inner.findIndex(({ name }) => name === '[');
  const parts = inner.slice(open + 1, -1);
  if (open === -1 || !parts.some(({ name }) => name === ':')) return undefined;
  const bounds = ['None', 'None', 'None'];
  let at = 0;
  for (const part of parts)
    if (part.name === ':') at++;
    else bounds[at] = text(part);
  return bounds.join(', ');
}

const isIndexed = (node: SyntaxNode): boolean => node.name === 'MemberExpression' && node.lastChild?.name === ']';

/** Between the brackets of `x[a]`. */
function indexOf({ code }: Parsed, member: SyntaxNode): string {
  const open = childrenOf(member).find(({ name }) => name === '[');
  return code.slice((open ?? member).to, member.to - 1).trim();
}

export const rewriteStatements: Rewrite = (script, { helpers }) => {
  const { text } = script;
  const use = (helper: string): string => {
    helpers.add(helper);
    return helper;
  };
  const deletes = all(script, 'DeleteStatement').map((node) => {
    const targets = childrenOf(node)
      .slice(1)
      .filter(({ name }) => name !== ',' && name !== '(' && name !== ')');
    const parts = targets.flatMap((target) =>
      target.name === 'TupleExpression'
        ? childrenOf(target).filter(({ name }) => /Name|Expression/.test(name))
        : [target],
    );
    return replace(node, parts.map(deleted).join('; '));
  });
  function deleted(target: SyntaxNode): string {
    // A name that is gone, or one that is None: no script that works asks.
    if (!isIndexed(target)) return `${text(target)} = None`;
    const object = target.firstChild === null ? '' : text(target.firstChild);
    const slice = sliceOf(script, target);
    return slice === undefined
      ? `${use(DEL)}(${object}, ${indexOf(script, target)})`
      : `${use(SET_SLICE)}(${object}, ${slice}, [])`;
  }
  const slices = all(script, 'AssignStatement').flatMap((node): readonly Edit[] => {
    const [target, equals, value, ...more] = childrenOf(node);
    if (target === undefined || equals === undefined || value === undefined || !isIndexed(target)) return [];
    const slice = sliceOf(script, target);
    if (slice === undefined || target.firstChild === null || more.length > 0) return [];
    const head = `${use(SET_SLICE)}(${text(target.firstChild)}, ${slice}, `;
    return [
      { from: target.from, to: value.from, text: head },
      { from: value.to, to: value.to, text: ')' },
    ];
  });
  const unions = all(script, 'UpdateStatement').flatMap((node): readonly Edit[] => {
    const [target, operator, value] = childrenOf(node);
    if (target === undefined || operator === undefined || value === undefined || text(operator) !== '|=') return [];
    if (!/^[\w.[\]"']+$/.test(text(target))) return [];
    return [replace(operator, `= ${use(IOR)}(${text(target)},`), { from: value.to, to: value.to, text: ')' }];
  });
  return [...deletes, ...slices, ...unions, ...withs(script), ...unpackings(script)];
};

/** Groups, locks and their like wait inside, which is allowed everywhere here. */
function withs(script: Parsed): readonly Edit[] {
  return all(script, 'WithStatement').flatMap((node): readonly Edit[] => {
    const isAsync = node.firstChild?.name === 'async';
    const second = isAsync ? node.firstChild?.nextSibling : undefined;
    return isAsync && second ? [{ from: node.from, to: second.from, text: '' }] : [];
  });
}

/** `a[i], a[j] = a[j], a[i]`: several targets have to be names. */
function unpackings(script: Parsed): readonly Edit[] {
  const { text, code } = script;
  return all(script, 'AssignStatement').flatMap((node): readonly Edit[] => {
    const parts = childrenOf(node);
    const equals = parts.findIndex(({ name }) => name === 'AssignOp');
    const targets = parts.slice(0, equals).filter(({ name }) => name !== ',');
    const values = parts.slice(equals + 1);
    const isPlain = targets.every(({ name }) => name === 'VariableName' || name === 'MemberExpression');
    const [first] = values;
    if (targets.length < 2 || !isPlain || first === undefined || values.some(({ name }) => name === 'AssignOp'))
      return [];
    if (targets.every(({ name }) => name === 'VariableName')) return [];
    const given =
      values.length > 1 ? `(${code.slice(first.from, node.to)})` : `list(${code.slice(first.from, node.to)})`;
    const sets = targets.map((target, i) => `${text(target)} = ${PARTS}[${i}]`);
    return [replace(node, [`${PARTS} = ${given}`, ...sets].join('; '))];
  });
}
