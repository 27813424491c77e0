/** Tools in lines that a model reads: a signature for a list, the whole help on request. */

import { renderShape, type TypeWords } from './render-shape.ts';
import type { Shape } from './shape.ts';
import type { ToolFace, ToolParameter } from './tool-face.ts';

const MAX_SUMMARY_CHARS = 100;
const MAX_PARAMETERS = 14;
const MAX_PARAMETER_CHARS = 120;
const MAX_RESULT_CHARS = 200;
const MAX_DESCRIPTION_CHARS = 1_500;
const MAX_PARAMETER_HELP_CHARS = 240;

/** First sentence, on one line. */
function summaryOf({ description, title }: ToolFace): string {
  const line = (description.trim() || title).replace(/\s+/g, ' ');
  const sentence = /^.{15,}?[.!?](?=\s|$)/.exec(line)?.[0] ?? line;
  const short =
    sentence.length > MAX_SUMMARY_CHARS ? `${sentence.slice(0, MAX_SUMMARY_CHARS - 1).trimEnd()}…` : sentence;
  return short.replace(/\.$/, '');
}

const bounded = (text: string, chars: number): string => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);

function parameterText({ name, shape, optional }: ToolParameter, words: TypeWords): string {
  return `${name}${optional ? '?' : ''}: ${bounded(renderShape(shape, words, 1), MAX_PARAMETER_CHARS)}`;
}

function callText({ namespace, method, parameters }: ToolFace, words: TypeWords): string {
  const shown = parameters.slice(0, MAX_PARAMETERS).map((parameter) => parameterText(parameter, words));
  const list = [...shown, ...(parameters.length > MAX_PARAMETERS ? ['…'] : [])].join(', ');
  return `${namespace}.${method}(${words === 'python' || list === '' ? list : `{${list}}`})`;
}

/** ` -> list[str]`; `~>` for what was seen, and not promised. */
function resultText({ result }: ToolFace, learnt: Shape | undefined, words: TypeWords): string {
  const shape = result ?? learnt;
  if (shape === undefined) return '';
  return ` ${result === undefined ? '~>' : '->'} ${bounded(renderShape(shape, words), MAX_RESULT_CHARS)}`;
}

/** `github.list_issues(owner: str, labels?: list[str]) -> list[{number: int}]  # List issues` */
export function renderSignature(face: ToolFace, learnt: Shape | undefined, words: TypeWords): string {
  const summary = summaryOf(face);
  const comment = summary === '' ? '' : `  ${words === 'python' ? '#' : '//'} ${summary}`;
  return `${callText(face, words)}${resultText(face, learnt, words)}${comment}`;
}

/** All that its server says of it, within reason. */
export function renderHelp(face: ToolFace, learnt: Shape | undefined, words: TypeWords): string {
  const lines = [`${callText(face, words)}${resultText(face, learnt, words)}`];
  const description = face.description.trim();
  if (description !== '') lines.push(bounded(description, MAX_DESCRIPTION_CHARS));
  for (const parameter of face.parameters) {
    const { description: said, fallback, name, wire } = parameter;
    const notes = [
      bounded(said.replace(/\s+/g, ' ').trim(), MAX_PARAMETER_HELP_CHARS),
      ...(fallback === undefined ? [] : [`default ${bounded(fallback, 60)}`]),
      ...(name === wire ? [] : [`the server calls it ${wire}`]),
    ].filter((note) => note !== '');
    if (notes.length > 0) lines.push(`- ${parameterText(parameter, words)}: ${notes.join('; ')}`);
  }
  if (face.readOnly) lines.push('It only reads.');
  if (face.destructive) lines.push('It may destroy something.');
  return lines.join('\n');
}
