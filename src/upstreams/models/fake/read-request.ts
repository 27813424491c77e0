/** What a pretended model makes of a request: its prompt, what it was told since, and from both its script. */

import type { ChatMessage, ChatRequest, ChatTool, MediaPart, UserPart } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { minimalInstance } from './minimal-instance.ts';
import { readScript, type Script, type ScriptPart } from './script.ts';

export interface ReadRequest {
  readonly prompt: string;
  readonly script: Script;
  /** Characters of the whole conversation, which are its input. */
  readonly inputText: string;
}

/** Calls the first tool it is given, without being told to. */
export const TOOLS_MODEL = 'tools';
/** Thinks before it speaks. */
export const REASONER_MODEL = 'reasoner';

export function readRequest(chat: ChatRequest, model: string): ReadRequest {
  const { messages } = chat;
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const parts: readonly UserPart[] = messages[last]?.role === 'user' ? (messages[last].parts as UserPart[]) : [];
  const prompt = textOf(parts);
  const toolResults = messages
    .slice(last + 1)
    .flatMap((message) => (message.role === 'tool' ? [textOf(message.parts)] : []));
  const media = parts.filter(isMedium).map(describeMedium);
  const script = readScript(prompt, { media, toolResults });
  const isTold = toolResults.length > 0 || /^\s*!(say|think|refuse|call)\b/m.test(prompt);
  const own = isTold ? undefined : unprompted(chat, model, prompt);
  return {
    prompt,
    script: own === undefined ? script : { ...script, ...own },
    inputText: messages.map(textOfMessage).join('\n'),
  };
}

/** What it does where the prompt does not say: calls a tool it has to call, keeps to a form it has to keep to. */
function unprompted(chat: ChatRequest, model: string, prompt: string): Pick<Script, 'parts' | 'stop'> | undefined {
  const tool = toolToCall(chat, model);
  if (tool !== undefined) return { parts: [callOf(tool, prompt)], stop: 'tool-calls' };
  const { output } = chat;
  if (output?.type === 'json-schema')
    return { parts: [{ type: 'text', text: JSON.stringify(minimalInstance(output.schema)) }], stop: 'end' };
  if (output?.type === 'json')
    return { parts: [{ type: 'text', text: JSON.stringify({ said: prompt }) }], stop: 'end' };
  if (model !== REASONER_MODEL) return undefined;
  const thought: ScriptPart = { type: 'reasoning', text: `I was told: ${prompt}` };
  return { parts: [thought, ...readScript(prompt, { media: [], toolResults: [] }).parts], stop: 'end' };
}

type OwnTool = Exclude<ChatTool, { readonly type: 'foreign' }>;

function toolToCall({ tools, toolChoice }: ChatRequest, model: string): OwnTool | undefined {
  const own = tools.filter((tool): tool is OwnTool => tool.type !== 'foreign');
  switch (toolChoice?.type) {
    case 'none':
      return undefined;
    case 'tool':
      return own.find(({ name }) => name === toolChoice.name);
    case 'allowed':
      return toolChoice.required || model === TOOLS_MODEL
        ? own.find(({ name }) => toolChoice.names.includes(name))
        : undefined;
    case 'required':
      return own[0];
    default:
      return model === TOOLS_MODEL ? own[0] : undefined;
  }
}

function callOf(tool: OwnTool, prompt: string): ScriptPart {
  const schema: JsonObject = tool.type === 'function' ? (tool.parameters ?? {}) : {};
  const made = minimalInstance({ type: 'object', ...schema });
  return { type: 'tool-call', name: tool.name, arguments: tool.type === 'custom' ? prompt : JSON.stringify(made) };
}

const isMedium = (part: UserPart): part is MediaPart => part.type !== 'text' && part.type !== 'foreign';

function textOf(parts: readonly UserPart[]): string {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function textOfMessage(message: ChatMessage): string {
  if (message.role !== 'assistant') return textOf(message.parts);
  return message.parts
    .map((part) => (part.type === 'tool-call' ? part.arguments : 'text' in part ? part.text : ''))
    .join('\n');
}

function describeMedium({ type, source }: MediaPart): string {
  if (source.type === 'url') return `${type} ${source.url}`;
  if (source.type === 'file') return `${type} file ${source.fileId}`;
  return `${type} ${source.mediaType} ${Buffer.from(source.data, 'base64').length} B`;
}
