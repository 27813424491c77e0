/** Reads a body of Converse back into the neutral chat: the other half of the codec, for tests that nothing is lost. */

import type { AssistantPart, CacheMark, ChatMessage, ChatRequest, UserPart } from '../../../src/contracts/chat.ts';
import type { ToolNames } from '../../../src/upstreams/models/tool-names.ts';

/** What is read of a body; trusted, since the codec under test wrote it. */
// biome-ignore lint/suspicious/noExplicitAny: the wire as it is, for a test
type Wire = any;

const MEDIA_TYPES: { readonly [format: string]: string } = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  pdf: 'application/pdf',
  txt: 'text/plain',
  mp4: 'video/mp4',
  mp3: 'audio/mpeg',
};

export function readConverse(body: Wire, names: ToolNames): Partial<ChatRequest> {
  const system = group(body.system ?? [], (block: Wire): UserPart => ({ type: 'text', text: block.text }));
  const tools: Wire[] = [];
  for (const { toolSpec, cachePoint } of body.toolConfig?.tools ?? []) {
    if (cachePoint !== undefined) tools[tools.length - 1].cache = readCache(cachePoint);
    else {
      const { name, description, inputSchema, strict } = toolSpec;
      const named = { type: 'function', ...names.fromWire(name), parameters: inputSchema.json };
      tools.push({
        ...named,
        ...(description === undefined ? {} : { description }),
        ...(strict === undefined ? {} : { strict }),
      });
    }
  }
  const jsonSchema = body.outputConfig?.textFormat?.structure.jsonSchema;
  return clean({
    messages: [
      ...(system.length === 0 ? [] : [{ role: 'system', parts: system } as const]),
      ...body.messages.flatMap((turn: Wire) => readTurn(turn, names)),
    ],
    tools,
    toolChoice: readChoice(body.toolConfig?.toolChoice, names),
    maxOutputTokens: body.inferenceConfig?.maxTokens,
    temperature: body.inferenceConfig?.temperature,
    topP: body.inferenceConfig?.topP,
    topK: body.additionalModelRequestFields?.top_k,
    stop: body.inferenceConfig?.stopSequences,
    metadata: body.requestMetadata,
    output: jsonSchema && clean({ type: 'json-schema', ...jsonSchema, schema: JSON.parse(jsonSchema.schema) }),
  });
}

const clean = (value: object): Wire =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

const readCache = ({ ttl }: { readonly ttl?: CacheMark['ttl'] }): CacheMark => (ttl === undefined ? {} : { ttl });

/** A cache point belongs to what stands before it. */
function group<P>(blocks: readonly Wire[], read: (block: Wire) => P): P[] {
  const parts: P[] = [];
  for (const block of blocks)
    if (block.cachePoint === undefined) parts.push(read(block));
    else parts.push({ ...parts.pop(), cache: readCache(block.cachePoint) } as P);
  return parts;
}

function readTurn({ role, content }: Wire, names: ToolNames): readonly ChatMessage[] {
  if (role === 'assistant') return [{ role, parts: group(content, (block) => readAssistant(block, names)) }];
  const all = group<Wire>(content, (block) => block);
  const results = all.flatMap(({ toolResult, cache }): ChatMessage[] => {
    if (toolResult === undefined) return [];
    const { toolUseId: callId, status } = toolResult;
    const told = { ...(status === undefined ? {} : { isError: status === 'error' }), ...(cache && { cache }) };
    return [{ role: 'tool', callId, parts: toolResult.content.map(readUser), ...told }];
  });
  const rest = group(
    content.filter((block: Wire, i: number) => !isOfResult(block, content[i - 1])),
    readUser,
  );
  return rest.length === 0 ? results : [...results, { role: 'user', parts: rest }];
}

const isOfResult = (block: Wire, before: Wire): boolean =>
  block.toolResult !== undefined || (block.cachePoint !== undefined && before?.toolResult !== undefined);

function readUser(block: Wire): UserPart {
  if (block.text !== undefined) return { type: 'text', text: block.text };
  const [[type, { format, source, name }]] = Object.entries(block) as [[Wire, Wire]];
  const read = { type, source: { type: 'base64', mediaType: MEDIA_TYPES[format], data: source.bytes } };
  return { ...read, ...(name === undefined ? {} : { name }) } as UserPart;
}

function readAssistant({ text, toolUse, reasoningContent }: Wire, names: ToolNames): AssistantPart {
  if (text !== undefined) return { type: 'text', text };
  if (toolUse !== undefined) {
    const called = { id: toolUse.toolUseId, ...clean(names.fromWire(toolUse.name)) };
    return { type: 'tool-call', ...called, arguments: JSON.stringify(toolUse.input) };
  }
  const { reasoningText, redactedContent } = reasoningContent;
  return redactedContent === undefined
    ? { type: 'reasoning', ...reasoningText }
    : { type: 'reasoning', text: '', sealed: redactedContent };
}

function readChoice(choice: Wire, names: ToolNames): ChatRequest['toolChoice'] {
  if (choice === undefined) return undefined;
  if (choice.tool !== undefined) return { type: 'tool', name: names.fromWire(choice.tool.name).name };
  return { type: choice.any === undefined ? 'auto' : 'required' };
}
