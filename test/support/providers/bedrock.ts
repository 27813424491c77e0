/** A pretended Amazon Bedrock: Converse, ConverseStream, InvokeModel of embeddings, CountTokens; believes only signatures. */

import { AwsV4Signer } from 'aws4fetch';
import { isObject } from '../../../src/lib/is-object.ts';
import {
  cutText,
  readScript,
  type Script,
  type ScriptPart,
  usageOf,
} from '../../../src/upstreams/models/fake/script.ts';
import { encodeFrame, type WireEvent } from './converse-frames.ts';
import { type MockProvider, type MockReply, type MockRequest, startMockProvider } from './mock-provider.ts';

export const MOCK_AWS = {
  region: 'eu-central-1',
  accessKeyId: 'AKIDMOCKMOCKMOCKMOCK',
  secretAccessKey: 'mock/secret+access/key0123456789abcdefghi',
  sessionToken: 'mock-session-token',
} as const;
export const MOCK_BEDROCK_KEY = 'bedrock-api-key-mock-0123456789';

interface Prompt {
  readonly text: string;
  readonly media: readonly string[];
  readonly toolResults: readonly string[];
}

export function startBedrockMock(): Promise<MockProvider> {
  return startMockProvider({
    answer: async (request) => {
      const refusal = await checkProof(request);
      return refusal === undefined ? answer(request) : exception(403, refusal, 'The request is not believed.');
    },
    renderFailure: (status) => JSON.stringify({ message: `mock failure ${status}` }),
    failureHeaders: (status) => ({ 'x-amzn-errortype': exceptionName(status), 'x-amzn-requestid': 'req-mock' }),
  });
}

function exceptionName(status: number): string {
  const names: { readonly [status: number]: string } = {
    400: 'ValidationException',
    403: 'AccessDeniedException',
    404: 'ResourceNotFoundException',
    408: 'ModelTimeoutException',
    424: 'ModelErrorException',
    429: 'ThrottlingException',
    503: 'ServiceUnavailableException',
  };
  return `${names[status] ?? 'InternalServerException'}:http://internal.amazon.com/coral/com.amazon.bedrock/`;
}

function exception(status: number, name: string, message: string): MockReply {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': name, 'x-amzn-requestid': 'req-mock' };
  return { status, headers, body: JSON.stringify({ message }) };
}

/** Signs the request again with another implementation, and compares. Undefined: it is who it says. */
async function checkProof({ method, path, headers, body }: MockRequest): Promise<string | undefined> {
  const given = headers.authorization ?? '';
  if (given === `Bearer ${MOCK_BEDROCK_KEY}`) return undefined;
  const [, accessKeyId, scope = '', names = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=[0-9a-f]{64}$/.exec(given) ?? [];
  if (accessKeyId === undefined) return 'MissingAuthenticationTokenException';
  const isTemporary = headers['x-amz-security-token'] !== undefined;
  if (
    accessKeyId !== MOCK_AWS.accessKeyId ||
    (isTemporary && headers['x-amz-security-token'] !== MOCK_AWS.sessionToken)
  )
    return 'UnrecognizedClientException';
  const signedNames = names.split(';');
  if (!['host', 'x-amz-date'].every((name) => signedNames.includes(name))) return 'IncompleteSignatureException';
  const signed = signedNames.filter((name) => name !== 'host' && name !== 'x-amz-date');
  const signer = new AwsV4Signer({
    ...{ method, url: `http://${headers.host ?? ''}${path}`, body: method === 'GET' ? null : new Uint8Array(body) },
    headers: Object.fromEntries(signed.map((name) => [name, String(headers[name] ?? '')])),
    ...{ accessKeyId, secretAccessKey: MOCK_AWS.secretAccessKey, service: 'bedrock', region: MOCK_AWS.region },
    ...{ datetime: String(headers['x-amz-date']), allHeaders: true },
  });
  const signature = await signer.signature();
  const isScoped = scope.endsWith(`/${MOCK_AWS.region}/bedrock/aws4_request`);
  return isScoped && given.endsWith(`Signature=${signature}`) ? undefined : 'InvalidSignatureException';
}

function answer(request: MockRequest): MockReply {
  const json = isObject(request.json) ? request.json : {};
  if (request.method === 'GET' && request.path === '/foundation-models') return reply({ modelSummaries: MODELS });
  const [, model = '', operation = ''] = /^\/model\/([^/]+)\/([a-z-]+)$/.exec(request.path) ?? [];
  const name = decodeURIComponent(model);
  if (name.includes('missing')) return exception(404, 'ResourceNotFoundException', 'No such model here.');
  switch (operation) {
    case 'converse':
      return converse(json, false);
    case 'converse-stream':
      return converse(json, true);
    case 'count-tokens': {
      const input = isObject(json.input) && isObject(json.input.converse) ? json.input.converse : {};
      return reply({ inputTokens: readPrompt(input).text.length });
    }
    case 'invoke':
      return invoke(name, json);
    default:
      return exception(404, 'UnknownOperationException', 'No such operation.');
  }
}

const MODELS = [
  { modelId: 'anthropic.claude-sonnet-4-6-v1:0', modelName: 'Claude Sonnet 4.6', providerName: 'Anthropic' },
  { modelId: 'amazon.nova-pro-v1:0', modelName: 'Nova Pro', providerName: 'Amazon' },
];

const reply = (body: object): MockReply => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'x-amzn-requestid': 'req-mock' },
  body: JSON.stringify(body),
});

function list(value: unknown): readonly { readonly [name: string]: unknown }[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Text of the last turn that is more than results, what media came with it, and the results since. */
function readPrompt(body: { readonly [name: string]: unknown }): Prompt {
  let prompt: Prompt = { text: '', media: [], toolResults: [] };
  for (const { role, content } of list(body.messages)) {
    if (role !== 'user') continue;
    const blocks = list(content);
    const results = blocks.flatMap(({ toolResult }) => (isObject(toolResult) ? [textsOf(toolResult.content)] : []));
    const text = textsOf(blocks);
    prompt =
      results.length > 0
        ? { ...prompt, toolResults: [...prompt.toolResults, ...results] }
        : { text, media: blocks.flatMap(describeMedia), toolResults: [] };
  }
  return prompt;
}

function textsOf(content: unknown): string {
  return list(content)
    .map(({ text, json }) => (typeof text === 'string' ? text : json === undefined ? '' : JSON.stringify(json)))
    .join('');
}

function describeMedia(block: { readonly [name: string]: unknown }): readonly string[] {
  return ['image', 'document', 'audio', 'video'].flatMap((kind) => {
    const media = block[kind];
    if (!isObject(media) || !isObject(media.source)) return [];
    const bytes = typeof media.source.bytes === 'string' ? Buffer.from(media.source.bytes, 'base64').length : 0;
    return [`${kind} ${kind}/${String(media.format)} ${bytes} B`];
  });
}

/** What Bedrock checks of a conversation before any model sees it. */
function findFault(body: { readonly [name: string]: unknown }): string | undefined {
  const messages = list(body.messages);
  if (messages.length === 0 || messages[0]?.role !== 'user') return 'A conversation must start with a user message.';
  const blocks = messages.flatMap(({ content }) => list(content));
  for (const [i, { role }] of messages.entries())
    if (i > 0 && role === messages[i - 1]?.role)
      return 'A conversation must alternate between user and assistant roles.';
  if (blocks.some(({ text }) => typeof text === 'string' && text.trim() === ''))
    return 'The text field in the ContentBlock object is blank.';
  if (body.toolConfig === undefined && blocks.some(({ toolUse, toolResult }) => (toolUse ?? toolResult) !== undefined))
    return 'The toolConfig field must be defined when using toolUse and toolResult content blocks.';
  const tools = list(isObject(body.toolConfig) ? body.toolConfig.tools : []);
  for (const { toolSpec } of tools)
    if (isObject(toolSpec) && !/^[a-zA-Z0-9_-]{1,64}$/.test(String(toolSpec.name))) return 'Tool name is invalid.';
  return undefined;
}

const STOPS: { readonly [stop in Script['stop']]: string } = {
  end: 'end_turn',
  'tool-calls': 'tool_use',
  'max-tokens': 'max_tokens',
  'stop-sequence': 'stop_sequence',
  'content-filter': 'content_filtered',
  refusal: 'content_filtered',
  pause: 'end_turn',
  'context-full': 'model_context_window_exceeded',
  other: 'malformed_model_output',
};

function converse(body: { readonly [name: string]: unknown }, isStream: boolean): MockReply {
  const fault = findFault(body);
  if (fault !== undefined) return exception(400, 'ValidationException', fault);
  const prompt = readPrompt(body);
  const script = readScript(prompt.text, prompt);
  const stopReason = STOPS[script.stop];
  const usage = renderUsage(script, prompt.text);
  if (!isStream) {
    const content = script.parts.map(renderBlock);
    const whole = { output: { message: { role: 'assistant', content } }, stopReason, usage, metrics: { latencyMs: 1 } };
    return { ...reply(whole), script };
  }
  const events: WireEvent[] = [
    { messageStart: { role: 'assistant' } },
    ...script.parts.flatMap((part, i) => renderEvents(part, i, script.chunks)),
    { messageStop: { stopReason } },
    { metadata: { ...(usage === undefined ? {} : { usage }), metrics: { latencyMs: 1 } } },
  ];
  // A failure in the words of the stream itself: `!say exception [first] throttlingException`.
  const said = script.parts[0]?.type === 'text' ? script.parts[0].text : '';
  const [, first, thrown] = /^exception (first )?(\w+Exception)$/.exec(said) ?? [];
  const before = events.slice(0, first === undefined ? 2 : 0);
  const sent = thrown === undefined ? events : [...before, { [thrown]: { message: 'mock exception' } }];
  return {
    status: 200,
    headers: { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'req-mock' },
    body: sent.map(encodeFrame),
    script,
  };
}

function renderUsage(script: Script, prompt: string): object | undefined {
  const usage = usageOf(script, prompt);
  if (usage === undefined) return undefined;
  const { input, output, cached } = usage;
  return {
    ...{ inputTokens: input - (cached ?? 0), outputTokens: output, totalTokens: input + output },
    ...(cached === undefined ? {} : { cacheReadInputTokens: cached, cacheWriteInputTokens: 0 }),
  };
}

const callId = (index: number): string => `tooluse_${index}`;

function renderBlock(part: ScriptPart, index: number): object {
  switch (part.type) {
    case 'reasoning':
      return { reasoningContent: { reasoningText: { text: part.text, signature: `signed-${index}` } } };
    case 'tool-call':
      return { toolUse: { toolUseId: callId(index), name: part.name, input: JSON.parse(part.arguments) as unknown } };
    default:
      return { text: part.text };
  }
}

function renderEvents(part: ScriptPart, index: number, chunks: number): readonly WireEvent[] {
  const at = { contentBlockIndex: index };
  const delta = (value: object): WireEvent => ({ contentBlockDelta: { delta: value, ...at } });
  const stop: WireEvent = { contentBlockStop: at };
  switch (part.type) {
    case 'reasoning':
      return [
        ...cutText(part.text, chunks).map((text) => delta({ reasoningContent: { text } })),
        delta({ reasoningContent: { signature: `signed-${index}` } }),
        stop,
      ];
    case 'tool-call':
      return [
        { contentBlockStart: { start: { toolUse: { toolUseId: callId(index), name: part.name } }, ...at } },
        ...cutText(part.arguments, chunks).map((input) => delta({ toolUse: { input } })),
        stop,
      ];
    default:
      return [...cutText(part.text, chunks).map((text) => delta({ text })), stop];
  }
}

/** Vectors that tell their text: its length and its first character. */
const vectorOf = (text: string, dimensions: unknown): readonly number[] =>
  Array.from({ length: typeof dimensions === 'number' ? dimensions : 4 }, (_, i) =>
    i === 0 ? text.length : i === 1 ? text.charCodeAt(0) : 0.5,
  );

function invoke(model: string, json: { readonly [name: string]: unknown }): MockReply {
  if (model.startsWith('amazon.titan-embed')) {
    if (typeof json.inputText !== 'string')
      return exception(400, 'ValidationException', 'required key [inputText] not found');
    if (json.inputText === '') return exception(400, 'ValidationException', 'inputText: expected minLength: 1');
    const embedding = vectorOf(json.inputText, json.dimensions);
    return reply({ embedding, inputTextTokenCount: json.inputText.length, embeddingsByType: { float: embedding } });
  }
  const texts = Array.isArray(json.texts) ? json.texts.map(String) : [];
  if (texts.length === 0 || texts.length > 96 || typeof json.input_type !== 'string')
    return exception(400, 'ValidationException', 'texts must be 1 to 96, and input_type must be there');
  const float = texts.map((text) => vectorOf(text, json.output_dimension));
  const tokens = texts.reduce((sum, text) => sum + text.length, 0);
  const { headers, ...rest } = reply({ embeddings: { float }, id: 'mock', response_type: 'embeddings_by_type', texts });
  return { ...rest, headers: { ...headers, 'x-amzn-bedrock-input-token-count': String(tokens) } };
}
