/**
 * A pretended Gemini, and a Vertex beside it: as strict with unknown members as Google, answering by script. Its token
 * endpoint hands out access tokens for assertions that are signed by its service account, and believes in no others.
 */

import { createVerify, generateKeyPairSync, randomUUID } from 'node:crypto';
import {
  cutText,
  readScript,
  type Script,
  type ScriptPart,
  usageOf,
} from '../../../src/upstreams/models/fake/script.ts';
import { type MockProvider, type MockReply, type MockRequest, startMockProvider } from './mock-provider.ts';

type Json = { readonly [key: string]: unknown };

export const GEMINI_KEY = 'AIza-test-key-0001';
export const VERTEX_PROJECT = 'test-project';

export interface GeminiMock extends MockProvider {
  /** Text of a service account's JSON key that its token endpoint believes. */
  readonly serviceAccount: string;
  /** How often a token was asked for. */
  readonly tokensGiven: () => number;
}

const MEMBERS: ReadonlySet<string> = new Set([
  ...['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings', 'cachedContent'],
  ...['labels', 'serviceTier', 'model', 'system_instruction', 'tool_config', 'generation_config', 'safety_settings'],
]);
const PART_MEMBERS: ReadonlySet<string> = new Set([
  ...[
    'text',
    'thought',
    'thoughtSignature',
    'inlineData',
    'inline_data',
    'fileData',
    'functionCall',
    'functionResponse',
  ],
  ...['executableCode', 'codeExecutionResult', 'videoMetadata', 'partMetadata', 'mediaResolution'],
]);
const FINISH: { readonly [stop: string]: string } = {
  ...{ end: 'STOP', 'tool-calls': 'STOP', 'stop-sequence': 'STOP', 'max-tokens': 'MAX_TOKENS' },
  ...{ 'content-filter': 'SAFETY' },
};

export async function startGeminiMock(): Promise<GeminiMock> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const email = 'gateway@test-project.iam.gserviceaccount.com';
  const tokens = new Set<string>();
  let origin = '';

  const exchange = (request: MockRequest): MockReply => {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const isSigned = createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(publicKey, signature, 'base64url');
    const said = parsePart(claims);
    const isRight =
      form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' &&
      parsePart(header).alg === 'RS256' &&
      said.iss === email &&
      said.aud === `${origin}/token` &&
      Number(said.exp) - Number(said.iat) <= 3_600 &&
      said.scope === 'https://www.googleapis.com/auth/cloud-platform';
    if (!isSigned || !isRight) return json(400, { error: 'invalid_grant', error_description: 'Invalid JWT' });
    const token = `ya29.${randomUUID()}`;
    tokens.add(token);
    return json(200, { access_token: token, expires_in: 3_599, token_type: 'Bearer' });
  };

  const answer = (request: MockRequest): MockReply => {
    const url = new URL(request.path, 'http://mock');
    if (url.pathname === '/token') return exchange(request);
    const isVertex = url.pathname.startsWith(`/v1/projects/${VERTEX_PROJECT}/locations/`);
    if (isVertex) {
      const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
      if (bearer === undefined || !tokens.has(bearer)) return failure(401, 'Request had invalid credentials');
    } else if (request.headers['x-goog-api-key'] !== GEMINI_KEY) {
      return failure(400, 'API key not valid. Please pass a valid API key.', [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' },
      ]);
    }
    const list = /^\/v1(?:beta)?\/models$/.test(url.pathname);
    if (list) return listModels(url.searchParams.get('pageToken'));
    const [, claude, predict] = /\/publishers\/anthropic\/models\/([^/:]+):(\w+)$/.exec(url.pathname) ?? [];
    if (isVertex && claude !== undefined) return answerAsClaude(claude, predict ?? '', request.json as Json);
    const pattern = isVertex
      ? /^\/v1\/projects\/[^/]+\/locations\/[^/]+\/publishers\/google\/models\/([^/:]+):(\w+)$/
      : /^\/v1(?:beta)?\/models\/([^/:]+):(\w+)$/;
    const [, model, method] = pattern.exec(url.pathname) ?? [];
    if (model === undefined || method === undefined || !model.startsWith('gemini'))
      return failure(404, `models/${model} is not found`);
    const body = request.json as Json | undefined;
    if (body === undefined) return failure(400, 'Invalid JSON payload received.');
    return answerMethod(model, method, body, isVertex, url.searchParams.get('alt') === 'sse');
  };

  const mock = await startMockProvider({
    answer,
    renderFailure: (status) => failure(status, `scripted failure ${status}`).body as string,
  });
  origin = mock.origin;
  return {
    ...mock,
    tokensGiven: () => tokens.size,
    serviceAccount: JSON.stringify({
      ...{ type: 'service_account', project_id: VERTEX_PROJECT, private_key_id: 'k1', client_email: email },
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: `${origin}/token`,
    }),
  };
}

/** Claude beside it: Messages without `model`, and with the version that Vertex wants. */
function answerAsClaude(model: string, method: string, body: Json): MockReply {
  const refuse = (message: string): MockReply =>
    json(400, { type: 'error', error: { type: 'invalid_request_error', message } });
  if (body.anthropic_version !== 'vertex-2023-10-16') return refuse('anthropic_version: Field required');
  const said = JSON.stringify(body.messages);
  if (model === 'count-tokens') {
    if (typeof body.model !== 'string') return refuse('model: Field required');
    return json(200, { input_tokens: said.length });
  }
  if (body.model !== undefined) return refuse('model: Extra inputs are not permitted');
  if ((body.stream === true) !== (method === 'streamRawPredict')) return refuse('stream does not fit the path');
  const text = `Claude was told ${said}`;
  const head = { id: 'msg_vrtx_1', type: 'message', role: 'assistant', model, stop_sequence: null } as const;
  const usage = { input_tokens: 12, output_tokens: 5 };
  const message = { ...head, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage };
  if (body.stream !== true) return json(200, message);
  const event = (type: string, rest: Json): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  return {
    ...{ status: 200, headers: { 'content-type': 'text/event-stream' } },
    body: [
      event('message_start', {
        message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
      }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } }),
      event('message_stop', {}),
    ],
  };
}

function answerMethod(model: string, method: string, body: Json, isVertex: boolean, isSse: boolean): MockReply {
  switch (method) {
    case 'generateContent':
    case 'streamGenerateContent':
      return generate(model, body, method === 'generateContent' ? 'whole' : isSse ? 'sse' : 'array');
    case 'countTokens': {
      const whole = body.generateContentRequest as Json | undefined;
      if (whole !== undefined && (isVertex || !isModel(whole.model, model))) return failure(400, 'wrong model');
      const { contents } = whole ?? body;
      if (!Array.isArray(contents)) return failure(400, 'contents is not specified');
      return json(200, { totalTokens: JSON.stringify(contents).length, promptTokensDetails: [] });
    }
    case 'embedContent':
      if (isVertex || (body.model !== undefined && !isModel(body.model, model))) return failure(400, 'wrong model');
      return json(200, { embedding: { values: vectorOf(textOf(body.content), body.outputDimensionality) } });
    case 'batchEmbedContents': {
      const requests = body.requests as readonly Json[];
      if (isVertex || !requests.every((each) => isModel(each.model, model))) return failure(400, 'wrong model');
      return json(200, {
        embeddings: requests.map(({ content, outputDimensionality }) => ({
          values: vectorOf(textOf(content), outputDimensionality),
        })),
        usageMetadata: { promptTokenCount: 7 },
      });
    }
    case 'predict': {
      const dimensions = (body.parameters as Json | undefined)?.outputDimensionality;
      return json(200, {
        predictions: (body.instances as readonly Json[]).map(({ content }) => ({
          embeddings: {
            values: vectorOf(String(content), dimensions),
            statistics: { token_count: 3, truncated: false },
          },
        })),
      });
    }
    default:
      return failure(404, `no method ${method}`);
  }
}

const isModel = (value: unknown, model: string): boolean => value === `models/${model}`;

function generate(model: string, body: Json, form: 'whole' | 'sse' | 'array'): MockReply {
  const fault = findFault(body);
  if (fault !== undefined) return failure(400, fault);
  const contents = body.contents as readonly Json[];
  const { prompt, media, toolResults } = readConversation(contents);
  if (prompt.includes('!block'))
    return wrap(form, [{ promptFeedback: { blockReason: 'SAFETY' }, modelVersion: model }], undefined);
  const script = readScript(prompt, { media, toolResults });
  const head = { modelVersion: `${model}-001`, responseId: `resp-${randomUUID()}` };
  const usage = usageOf(script, prompt);
  const usageMetadata = usage && {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output - (usage.reasoning ?? 0),
    totalTokenCount: usage.input + usage.output,
    ...(usage.cached === undefined ? {} : { cachedContentTokenCount: usage.cached }),
    ...(usage.reasoning === undefined ? {} : { thoughtsTokenCount: usage.reasoning }),
  };
  const finishReason = FINISH[script.stop] ?? 'OTHER';
  const piece = (parts: readonly Json[], last: boolean): Json => ({
    candidates: [{ content: { parts, role: 'model' }, index: 0, ...(last ? { finishReason, safetyRatings: [] } : {}) }],
    ...(usageMetadata === undefined ? {} : { usageMetadata }),
    ...head,
  });
  if (form === 'whole')
    return wrap(
      form,
      [
        piece(
          script.parts.flatMap((part) => renderPart(part, 1)),
          true,
        ),
      ],
      script,
    );
  const parts = script.parts.flatMap((part) => renderPart(part, script.chunks));
  const pieces = parts.map((part, i) => piece([part], i === parts.length - 1));
  return wrap(form, pieces, script);
}

function renderPart(part: ScriptPart, chunks: number): readonly Json[] {
  if (part.type === 'tool-call')
    return [
      {
        functionCall: {
          id: `fc-${randomUUID().slice(0, 8)}`,
          name: part.name,
          args: JSON.parse(part.arguments) as Json,
        },
        thoughtSignature: 'c2lnbmF0dXJl',
      },
    ];
  return cutText(part.text, chunks).map((text) => ({ text, ...(part.type === 'reasoning' ? { thought: true } : {}) }));
}

function wrap(form: 'whole' | 'sse' | 'array', pieces: readonly Json[], script: Script | undefined): MockReply {
  if (form === 'whole') return { ...json(200, pieces[0] ?? {}), script };
  if (form === 'sse')
    return {
      ...{ status: 200, headers: { 'content-type': 'text/event-stream' }, script },
      body: pieces.map((piece) => `data: ${JSON.stringify(piece)}\r\n\r\n`),
    };
  const texts = pieces.map((piece, i) => `${i === 0 ? '[' : ','}${JSON.stringify(piece, null, 2)}\n`);
  return { status: 200, headers: { 'content-type': 'application/json; charset=UTF-8' }, script, body: [...texts, ']'] };
}

/** What Google would refuse; undefined: nothing. */
function findFault(body: Json): string | undefined {
  const unknown = Object.keys(body).find((key) => !MEMBERS.has(key));
  if (unknown !== undefined) return `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`;
  const { contents, tools } = body;
  if (!Array.isArray(contents) || contents.length === 0) return 'contents is not specified';
  for (const { role, parts } of contents as readonly Json[]) {
    if (role !== undefined && role !== 'user' && role !== 'model') return 'Please use a valid role: user, model.';
    if (!Array.isArray(parts) || parts.length === 0) return 'parts must not be empty';
    const alien = (parts as readonly Json[]).flatMap((part) => Object.keys(part)).find((key) => !PART_MEMBERS.has(key));
    if (alien !== undefined) return `Invalid JSON payload received. Unknown name "${alien}" at 'contents.parts'`;
  }
  for (const { functionDeclarations } of (tools ?? []) as readonly Json[])
    for (const { name } of (functionDeclarations ?? []) as readonly Json[])
      if (!/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(String(name))) return 'Invalid function name.';
  return undefined;
}

function readConversation(contents: readonly Json[]): {
  readonly prompt: string;
  readonly media: readonly string[];
  readonly toolResults: readonly string[];
} {
  const partsOf = ({ parts }: Json): readonly Json[] => parts as readonly Json[];
  const isPrompt = (content: Json): boolean =>
    content.role !== 'model' &&
    partsOf(content).some((part) => part.text !== undefined || part.inlineData !== undefined);
  const at = contents.findLastIndex(isPrompt);
  // What came in several turns running is one prompt: a note of the system may stand behind what the user said.
  const before = contents.slice(0, at + 1).findLastIndex((content) => !isPrompt(content));
  const said = contents.slice(before + 1, at + 1).map(partsOf);
  const parts = said.flat();
  const results = contents
    .slice(at + 1)
    .flatMap(partsOf)
    .map(({ functionResponse }) => functionResponse as Json | undefined);
  return {
    prompt: said.map((each) => each.map(({ text }) => text ?? '').join('')).join('\n'),
    media: parts.flatMap(({ inlineData }) => {
      const blob = inlineData as { mimeType: string; data: string } | undefined;
      if (blob === undefined) return [];
      return [`${blob.mimeType.split('/')[0]} ${blob.mimeType} ${Buffer.from(blob.data, 'base64').length} B`];
    }),
    toolResults: results.filter((each) => each !== undefined).map(({ response }) => resultText(response)),
  };
}

function resultText(response: unknown): string {
  const { output } = response as Json;
  return typeof output === 'string' ? output : JSON.stringify(response);
}

function listModels(page: string | null): MockReply {
  const model = (name: string, limit: number): Json => ({
    ...{ name: `models/${name}`, displayName: name, inputTokenLimit: limit, outputTokenLimit: 8_192 },
    supportedGenerationMethods: ['generateContent'],
  });
  return page === null
    ? json(200, { models: [model('gemini-2.5-flash', 1_048_576)], nextPageToken: 'two' })
    : json(200, { models: [model('gemini-embedding-001', 2_048)] });
}

function textOf(content: unknown): string {
  return ((content as Json).parts as readonly Json[]).map(({ text }) => text).join('');
}

/** Told by its text, so that order can be seen. */
function vectorOf(text: string, dimensions: unknown): readonly number[] {
  const length = typeof dimensions === 'number' ? dimensions : 4;
  return Array.from({ length }, (_, i) => (text.charCodeAt(i % Math.max(1, text.length)) || 0) / 256);
}

const STATUSES: { readonly [status: number]: string } = {
  ...{ 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND' },
  ...{ 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL', 503: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED' },
};

function failure(status: number, message: string, details: readonly Json[] = []): MockReply {
  return json(status, { error: { code: status, message, status: STATUSES[status] ?? 'UNKNOWN', details } });
}

function json(status: number, body: Json): MockReply {
  return { status, body: JSON.stringify(body) };
}

function parsePart(text: string): Json {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Json;
  } catch {
    return {};
  }
}
