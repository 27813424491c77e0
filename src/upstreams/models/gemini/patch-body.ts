/** The client's own body, changed only where it must be: the gateway's tools, and names of the model that stand in it. */

import type { JsonText } from '../../../contracts/json.ts';
import type { InjectedTools } from '../../../contracts/models.ts';
import { elementTexts, scanElements, scanMembers, withMembers } from '../../../lib/json-text.ts';
import { renderInjected } from './encode-tools.ts';

/** A body of `generateContent`. */
export function patchChat(text: JsonText, model: string, injected: InjectedTools | undefined): JsonText {
  const named = patchModel(text, model);
  return injected === undefined || injected.tools.length === 0 ? named : addTools(named, renderInjected(injected));
}

/** A body of `countTokens`: contents alone, or a whole request. Vertex takes only the former, and means the latter. */
export function patchCount(
  text: JsonText,
  model: string,
  injected: InjectedTools | undefined,
  isVertex: boolean,
): JsonText {
  const whole = scanMembers(text).find(
    ({ key }) => key === 'generateContentRequest' || key === 'generate_content_request',
  );
  if (whole === undefined) return patchChat(text, model, injected);
  const inner = text.slice(whole.valueStart, whole.valueEnd);
  if (isVertex) return patchChat(withMembers(inner, { model: undefined }), model, injected);
  const patched = patchChat(withMembers(inner, { model: modelText(model) }), model, injected);
  return text.slice(0, whole.valueStart) + patched + text.slice(whole.valueEnd);
}

/** A body of `embedContent` or, with `requests`, of `batchEmbedContents`, where each request names the model. */
export function patchEmbed(text: JsonText, model: string, single: boolean): JsonText {
  if (single) return patchModel(text, model);
  const requests = scanMembers(text).find(({ key }) => key === 'requests');
  if (requests === undefined) return text;
  const patched = elementTexts(text.slice(requests.valueStart, requests.valueEnd)).map((each) =>
    withMembers(each, { model: modelText(model) }),
  );
  return `${text.slice(0, requests.valueStart)}[${patched.join(',')}]${text.slice(requests.valueEnd)}`;
}

const modelText = (model: string): JsonText =>
  JSON.stringify(model.startsWith('tunedModels/') ? model : `models/${model.replace(/^models\//, '')}`);

function patchModel(text: JsonText, model: string): JsonText {
  const member = scanMembers(text).find(({ key }) => key === 'model');
  return member === undefined
    ? text
    : text.slice(0, member.valueStart) + modelText(model) + text.slice(member.valueEnd);
}

/** Into the first declarations there are: models that take several lists of them are few. */
function addTools(text: JsonText, declarations: JsonText): JsonText {
  const tools = scanMembers(text).find(({ key }) => key === 'tools');
  const own = `{"functionDeclarations":[${declarations}]}`;
  const given = tools === undefined ? '' : text.slice(tools.valueStart, tools.valueEnd);
  if (tools === undefined || given === 'null') return withMembers(text, { tools: `[${own}]` });
  const base = tools.valueStart;
  for (const { start } of scanElements(given)) {
    const list = scanMembers(given, start).find(
      ({ key }) => key === 'functionDeclarations' || key === 'function_declarations',
    );
    if (list === undefined || given[list.valueStart] !== '[') continue;
    const isEmpty = scanElements(given, list.valueStart).length === 0;
    const at = base + list.valueEnd - 1;
    return `${text.slice(0, at)}${isEmpty ? '' : ','}${declarations}${text.slice(at)}`;
  }
  const isEmpty = scanElements(given).length === 0;
  const at = base + given.length - 1;
  return given.startsWith('[')
    ? `${text.slice(0, at)}${isEmpty ? '' : ','}${own}${text.slice(at)}`
    : `${text.slice(0, base)}[${given},${own}]${text.slice(base + given.length)}`;
}
