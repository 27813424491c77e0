/**
 * Hostile and odd requests at every endpoint of models: refused with a 4xx in the client's own dialect that names what is
 * wrong, without a secret in it, and a second client notices nothing.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../../src/contracts/errors.ts';
import { PROVIDERS } from '../sdks/providers.ts';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import {
  MODEL_ENDPOINTS,
  type ModelEndpoint,
  readModelError,
  type ToldError,
} from '../support/hostile/model-endpoints.ts';
import { MODEL_MEMBERS } from '../support/hostile/model-members.ts';
import { type ModelNeighbour, startModelNeighbour } from '../support/hostile/model-neighbour.ts';
import { pathsIn, REPLACEMENTS, replaceAt, writeJson, wrongFor } from '../support/hostile/mutate-json.ts';
import { residentBytes } from '../support/hostile/resident-bytes.ts';
import { type Sent, sendRaw } from '../support/hostile/send-raw.ts';
import type { MockProvider } from '../support/providers/mock-provider.ts';
import { createCleanup } from '../support/temp-dir.ts';

const KEY = 'pck_e2e_hostilemodels_0123456789abcdef';
const OTHER_KEY = 'pck_e2e_secondmodels_0123456789abcdef';
const SECRETS = [KEY, OTHER_KEY, 'mock-0123456789', 'MockSecret'];
const MAX_BODY_BYTES = 11_000_000;
const MAX_GROWTH_BYTES = 400 * 1024 * 1024;

/** `fake` answers whatever the neutral form can say, and `openai` forwards what is not translated. */
const modelFor = ({ kind }: ModelEndpoint): string =>
  kind === 'pass' ? 'openai/gpt-5.2' : kind === 'embed' ? 'fake/embed' : 'fake/echo';

const endpointOf = (name: string): ModelEndpoint => {
  const found = MODEL_ENDPOINTS.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
};

describe('hostile requests to models', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  const mocks: MockProvider[] = [];
  let gateway: StartedGateway;
  let neighbour: ModelNeighbour;
  let bytesAtStart = 0;

  before(async () => {
    const providers: { [id: string]: object } = {};
    for (const { id, start } of PROVIDERS) {
      const { config, mock } = await start();
      providers[id] = config;
      if (mock !== undefined) mocks.push(mock);
    }
    const keys = [
      { name: 'hostile', value: KEY, allow: ['*'] },
      { name: 'second', value: OTHER_KEY, allow: ['*'] },
    ];
    gateway = await startGateway(cleanup, {
      config: { providers, keys, limits: { maxBodyBytes: MAX_BODY_BYTES } },
    });
    neighbour = startModelNeighbour(gateway, OTHER_KEY, 'fake/echo');
    await neighbour.check();
    bytesAtStart = residentBytes(gateway.pid);
  });
  after(async () => {
    await neighbour?.stop().catch(() => undefined);
    await cleanup.run();
    for (const mock of mocks) await mock[Symbol.asyncDispose]();
  });

  const send = async (
    path: string,
    body: string | Buffer,
    headers: { readonly [name: string]: string } = {},
    method = 'POST',
  ): Promise<Sent> => {
    const sent = await sendRaw(gateway.url + path, {
      ...{ method, body },
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers },
    });
    for (const secret of SECRETS) assert.ok(!sent.text.includes(secret), `a secret in ${sent.text.slice(0, 500)}`);
    return sent;
  };

  /** Fails unless it is this error of ours, with the status and in the form the documents promise. */
  const isRefused = ({ status, text }: Sent, { errors }: ModelEndpoint, code: ErrorCode): ToldError => {
    assert.equal(status, ERRORS[code].httpStatus, text.slice(0, 300));
    const told = readModelError(errors, status, text);
    assert.equal(told.code, code, text);
    return told;
  };

  describe('bodies that cannot be read', () => {
    type Spoil = (body: string, endpoint: ModelEndpoint) => string | Buffer;
    const add =
      (member: string): Spoil =>
      (body) =>
        `${body.slice(0, -1)},${member}}`;
    const ROWS: readonly (readonly [what: string, spoil: Spoil, code: ErrorCode, says: RegExp])[] = [
      ['nothing', () => '', 'parse_error', /JSON/],
      ['a list', () => '[]', 'invalid_params', /object/],
      ['the body in a list', (body) => `[${body}]`, 'invalid_params', /object/],
      ['null', () => 'null', 'invalid_params', /object/],
      ['a text', () => '"zz"', 'invalid_params', /object/],
      ['half of it', (body) => body.slice(0, body.length / 2), 'parse_error', /JSON/],
      ['two bodies', (body) => body + body, 'parse_error', /JSON/],
      ['a byte order mark', (body) => `\ufeff${body}`, 'parse_error', /JSON/],
      ['a NUL behind it', (body) => `${body}\0`, 'parse_error', /JSON/],
      ['no UTF-8', (body) => Buffer.from(`${body.slice(0, -1)},"zz":"\xff"}`, 'latin1'), 'parse_error', /UTF-8/],
      ['a member twice', add('"zz":1,"zz":1'), 'invalid_params', /"zz" stands twice/],
      ['a member twice, once escaped', add('"zz":1,"\\u007az":2'), 'invalid_params', /"zz" stands twice/],
      [
        'a member twice below',
        add('"yy":[0,{"xx":{"zz":1,"zz":2}}]'),
        'invalid_params',
        /yy\[1\]\.xx.*"zz" stands twice/,
      ],
      ['`__proto__` twice below', add('"yy":{"__proto__":1,"__proto__":2}'), 'invalid_params', /yy.*stands twice/],
      ['a bomb of lists', add(`"zz":${'['.repeat(50_000)}${']'.repeat(50_000)}`), 'invalid_params', /nested/],
      ['a bomb of objects', add(`"zz":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`), 'invalid_params', /nested/],
    ];
    for (const [what, spoil, code, says] of ROWS)
      test(`${what} is refused everywhere as ${code}`, async () => {
        for (const endpoint of MODEL_ENDPOINTS) {
          const model = modelFor(endpoint);
          const sent = await send(endpoint.path(model), spoil(JSON.stringify(endpoint.body(model)), endpoint));
          assert.match(isRefused(sent, endpoint, code).message, says, endpoint.name);
        }
        await neighbour.check();
      });
  });

  test('other types of content, encodings and methods are refused, and say what is taken', async () => {
    for (const endpoint of MODEL_ENDPOINTS) {
      const path = endpoint.path(modelFor(endpoint));
      const body = JSON.stringify(endpoint.body(modelFor(endpoint)));
      for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16'])
        isRefused(await send(path, body, { 'content-type': type }), endpoint, 'unsupported_media_type');
      isRefused(await send(path, body, { 'content-encoding': 'gzip' }), endpoint, 'unsupported_media_type');
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
        const sent = await send(path, '', {}, method);
        isRefused(sent, endpoint, 'method_not_allowed');
        assert.equal(sent.headers.allow, 'POST');
      }
    }
    await neighbour.check();
  });

  test('a body over the limit is refused, and one below it is read, with a text of 10 MB in it', async () => {
    for (const endpoint of MODEL_ENDPOINTS) {
      const model = modelFor(endpoint);
      const path = endpoint.path(model);
      const padded = (bytes: number): string => JSON.stringify({ ...endpoint.body(model), zz: 'x'.repeat(bytes) });
      assert.ok((await send(path, padded(10_000_000))).status < 500, endpoint.name);
      isRefused(await send(path, padded(MAX_BODY_BYTES)), endpoint, 'body_too_large');
    }
    await neighbour.check();
  });

  test('members of the wrong type, missing or null are refused by name, wherever the gateway has to understand them', async () => {
    const wrong: string[] = [];
    for (const { endpoint: name, path, types, isOptional } of MODEL_MEMBERS) {
      const endpoint = endpointOf(name);
      const model = modelFor(endpoint);
      const body = endpoint.body(model);
      // Its own name, or that of the object it makes invalid.
      const names = path.filter((key) => typeof key === 'string').slice(-2);
      for (const value of isOptional ? wrongFor(types) : [...wrongFor(types), null]) {
        const sent = await send(endpoint.path(model), JSON.stringify(replaceAt(body, path, value)));
        const what = `${name} ${path.join('.')} = ${JSON.stringify(value)}: ${sent.status} ${sent.text.slice(0, 300)}`;
        if (sent.status !== 400) {
          wrong.push(what);
          continue;
        }
        const { code, message, param } = readModelError(endpoint.errors, sent.status, sent.text);
        const isNamed = names.some((each) => message.includes(each));
        const isParam = endpoint.errors !== 'openai' || param?.startsWith(String(path[0]));
        if (code !== 'invalid_params' || !isNamed || !isParam) wrong.push(what);
      }
    }
    assert.deepEqual(wrong, []);
    await neighbour.check();
  });

  test('required members that are missing are refused by name', async () => {
    const REQUIRED: { readonly [endpoint: string]: readonly string[] } = {
      ...{ chat: ['model', 'messages'], responses: ['model', 'input'], embeddings: ['model', 'input'] },
      ...{ messages: ['model', 'max_tokens', 'messages'], count_tokens: ['model', 'messages'] },
      ...{
        generateContent: ['contents'],
        streamGenerateContent: ['contents'],
        countTokens: ['generateContentRequest'],
      },
      ...{ embedContent: ['content'], batchEmbedContents: ['requests'], speech: ['model'], rerank: ['model'] },
      ...{ completions: ['model'] },
    };
    for (const [name, members] of Object.entries(REQUIRED))
      for (const member of members)
        for (const nothing of member === 'model' ? [undefined, null, '', 5, {}] : [undefined, null]) {
          const endpoint = endpointOf(name);
          const body = replaceAt(endpoint.body(modelFor(endpoint)), [member], nothing);
          const told = isRefused(
            await send(endpoint.path(modelFor(endpoint)), JSON.stringify(body)),
            endpoint,
            'invalid_params',
          );
          assert.ok(told.message.includes(member === 'generateContentRequest' ? 'contents' : member), told.message);
          if (endpoint.errors === 'openai') assert.equal(told.param, member);
        }
    for (const [name, member] of [
      ['chat', 'messages'],
      ['messages', 'messages'],
      ['generateContent', 'contents'],
    ] as const) {
      const endpoint = endpointOf(name);
      const body = replaceAt(endpoint.body('fake/echo'), [member], []);
      const told = isRefused(await send(endpoint.path('fake/echo'), JSON.stringify(body)), endpoint, 'invalid_params');
      assert.ok(told.message.includes(member), told.message);
    }
  });

  test('numbers that no number can hold are refused by name', async () => {
    const NUMBERS: readonly (readonly [endpoint: string, path: string, value: string])[] = [
      ...(['max_completion_tokens', 'temperature', 'top_p', 'n', 'seed'] as const).map(
        (each) => ['chat', each, '1e999'] as const,
      ),
      ...(['max_output_tokens', 'temperature', 'top_p'] as const).map((each) => ['responses', each, '1e999'] as const),
      ...(['max_tokens', 'temperature', 'top_p', 'top_k'] as const).map(
        (each) => ['messages', each, '-1e999'] as const,
      ),
      ...(['maxOutputTokens', 'temperature', 'candidateCount', 'topK'] as const).map(
        (each) => ['generateContent', `generationConfig.${each}`, '1e999'] as const,
      ),
      ...(['1e9', '0', '-1', '1.5'] as const).map((each) => ['chat', 'n', each] as const),
      ...(['1e9', '0', '-1', '1.5'] as const).map(
        (each) => ['generateContent', 'generationConfig.candidateCount', each] as const,
      ),
      ['embeddings', 'dimensions', '1e999'],
      ['embedContent', 'outputDimensionality', '1e999'],
    ];
    for (const [name, member, value] of NUMBERS) {
      const endpoint = endpointOf(name);
      const model = modelFor(endpoint);
      const body = JSON.stringify(replaceAt(endpoint.body(model), member.split('.'), '@@')).replace('"@@"', value);
      const sent = await send(endpoint.path(model), body);
      const told = isRefused(sent, endpoint, 'invalid_params');
      assert.ok(told.message.includes(member.split('.').at(-1) ?? ''), `${name} ${member} ${value}: ${told.message}`);
    }
  });

  test('names of models that no model can have are refused, whoever serves them', async () => {
    const NAMES = [
      '\\r\\nx-evil: 1',
      'a\\r\\nx-evil: 1',
      '\\u0000',
      'a\\u0000',
      '\\ud800',
      'a\\udc00b',
      '\\u007f',
      '\\u0085',
      '\\u2028',
    ];
    for (const endpoint of MODEL_ENDPOINTS.filter(({ errors }) => errors !== 'gemini'))
      for (const provider of PROVIDERS.map(({ id }) => id))
        for (const name of [...NAMES, 'x'.repeat(300)]) {
          const body = JSON.stringify(endpoint.body('@@')).replaceAll('@@', () => `${provider}/${name}`);
          const told = isRefused(await send(endpoint.path('@@'), body), endpoint, 'invalid_params');
          assert.match(told.message, /model/, name);
          if (endpoint.errors === 'openai') assert.equal(told.param, 'model');
        }
    for (const name of ['a%0d%0ax-evil:%201', '%00', 'a%7f', 'a%E2%80%A8'])
      for (const provider of PROVIDERS.map(({ id }) => id)) {
        const endpoint = endpointOf('generateContent');
        isRefused(
          await send(endpoint.path(`${provider}/${name}`), JSON.stringify(endpoint.body(''))),
          endpoint,
          'invalid_params',
        );
      }
    const forms = [
      ['no UTF-8', Buffer.from('openai/\xff', 'latin1')],
      ['two lines', Buffer.from('openai/a\r\nb')],
    ] as const;
    for (const [what, name] of forms) {
      const body = Buffer.concat([
        Buffer.from('--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n'),
        name,
        Buffer.from('\r\n--b--\r\n'),
      ]);
      const sent = await send('/v1/audio/transcriptions', body, { 'content-type': 'multipart/form-data; boundary=b' });
      assert.match(isRefused(sent, endpointOf('speech'), 'invalid_params').message, /model/, what);
    }
  });

  test('a name of a model leads to no other path of its provider', async () => {
    const asked = mocks.map(({ requests }) => requests.length);
    for (const name of ['chat', 'responses', 'messages', 'generateContent', 'embeddings'])
      for (const provider of ['gemini', 'vertex', 'bedrock'])
        for (const model of ['..', '.', 'a/..', '../a', 'a/../../b']) {
          const endpoint = endpointOf(name);
          const at = name === 'generateContent' ? encodeURIComponent(`${provider}/${model}`) : `${provider}/${model}`;
          const sent = await send(endpoint.path(at), JSON.stringify(endpoint.body(at)));
          // Bedrock's names hold no slash, so there it is part of the name.
          if (provider === 'bedrock' && (model.includes('/') || name === 'embeddings')) continue;
          isRefused(sent, endpoint, 'unknown_model');
        }
    const paths = mocks.flatMap(({ requests }, i) => requests.slice(asked[i]).map(({ path }) => path));
    for (const path of paths) assert.doesNotMatch(path, /\/\.\.?(\/|:|$)/);
  });

  test('headers of ours that hold nonsense are refused by name, or mean nothing', async () => {
    const refused: readonly (readonly [name: string, value: string, code: ErrorCode])[] = [
      ['x-portcullis-tool-mode', 'nonsense', 'invalid_request'],
      ['x-portcullis-tool-mode', 'x'.repeat(5_000), 'invalid_request'],
      ['x-portcullis-timeout-ms', '0', 'invalid_request'],
      ['x-portcullis-timeout-ms', '1e9', 'invalid_request'],
      ['x-portcullis-timeout-ms', '-1', 'invalid_request'],
      ['x-portcullis-timeout-ms', '\u00b2', 'invalid_request'],
      ['x-portcullis-fallbacks', Array(9).fill('a').join(','), 'invalid_request'],
      ['x-portcullis-toolset', '../..', 'unknown_server'],
      ['x-portcullis-toolset', '__proto__', 'unknown_server'],
    ];
    const ignored: readonly (readonly [name: string, value: string])[] = [
      ['x-portcullis-fallbacks', ',,,'],
      ['x-portcullis-fallbacks', 'nowhere/\u00e9'],
      ['x-portcullis-servers', '*'.repeat(3_000)],
      ['x-portcullis-tools', '[(\u00ff'],
      ['x-portcullis-provider', '__proto__'],
      ['x-portcullis-constructor', 'prototype'],
      ['traceparent', '00-\u00ff-zz'],
      ['user-agent', '\u00ff'.repeat(5_000)],
      ['openai-beta', 'a\u00e9\tb'],
      ['anthropic-beta', '\u00ff'],
      ['x-goog-api-client', '\u00ff'],
    ];
    for (const endpoint of MODEL_ENDPOINTS.filter(({ kind }) => kind === 'chat')) {
      const body = JSON.stringify(endpoint.body('fake/echo'));
      const path = endpoint.path('fake/echo');
      for (const [name, value, code] of refused) {
        const { message } = isRefused(await send(path, body, { [name]: value }), endpoint, code);
        assert.ok(message.includes(name), message);
      }
      for (const [name, value] of ignored) {
        const sent = await send(path, body, { [name]: value });
        assert.equal(sent.status, 200, `${name}: ${sent.text.slice(0, 300)}`);
      }
    }
    // On their way to a provider that speaks the dialect, they must fit into its request.
    for (const [model, name] of [
      ['openai/gpt-5.2', 'chat'],
      ['anthropic/claude-sonnet-4-6', 'messages'],
      ['gemini/gemini-2.5-flash', 'generateContent'],
    ] as const)
      for (const [header, value] of ignored) {
        const endpoint = endpointOf(name);
        const sent = await send(endpoint.path(model), JSON.stringify(endpoint.body(model)), { [header]: value });
        assert.ok(sent.status < 500, `${name} ${header}: ${sent.text}`);
      }
    await neighbour.check();
  });

  test('whatever is changed in a body, it is answered or refused, never failed, whoever serves it', async () => {
    const cases = MODEL_ENDPOINTS.flatMap((endpoint) => {
      const body = endpoint.body('@@');
      return pathsIn(body).map((path) => ({ endpoint, path }));
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...cases),
        fc.constantFrom(...Object.keys(REPLACEMENTS)),
        fc.constantFrom(...PROVIDERS),
        async ({ endpoint, path }, what, { id, model, embeddingModel }) => {
          // What is forwarded as it came is not for us to judge, and a pretended provider is not hostile-proof.
          const isForwarded = { anthropic: 'anthropic', gemini: 'gemini', vertex: 'gemini' }[id] === endpoint.errors;
          const speaks = endpoint.errors === 'openai' && ['openai', 'azure', 'deepseek'].includes(id);
          if (endpoint.kind === 'pass' || isForwarded || speaks) return;
          const name = `${id}/${endpoint.kind === 'embed' ? embeddingModel : model}`;
          const body = writeJson(replaceAt(endpoint.body(name), path, REPLACEMENTS[what]));
          const { status, text } = await send(endpoint.path(name), body);
          const case_ = `${endpoint.name} ${name} ${path.join('.')} ${what}: ${status} ${text.slice(0, 400)}`;
          assert.ok(status === 200 || (status >= 400 && status < 500), case_);
          if (status !== 200) readModelError(endpoint.errors, status, text);
        },
      ),
      { numRuns: 3_000 },
    );
    await neighbour.check();
  });

  test('the second client was served all the while, and the gateway has not grown', async () => {
    await neighbour.check();
    assert.ok(neighbour.served > 10);
    assert.ok(residentBytes(gateway.pid) - bytesAtStart < MAX_GROWTH_BYTES);
    assert.doesNotMatch(gateway.stderr(), /unexpected reason/);
    for (const secret of SECRETS) assert.ok(!gateway.stderr().includes(secret));
  });
});
