/** Routing as a client over HTTP meets it: rules over its headers, fallbacks it names, models its key hides, and how models do. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assemble } from '../../src/app/assemble.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { createTempDir } from '../support/temp-dir.ts';

const KEYS = { all: 'pck_routing_all_0123456789', few: 'pck_routing_few_0123456789' };

async function start(t: TestContext): Promise<string> {
  const parsed = parseConfig(
    JSON.stringify({
      providers: {
        fake: {},
        other: { type: 'fake', baseUrl: 'fake:' },
        // Nobody listens there.
        down: {
          ...{ type: 'openai', baseUrl: 'http://127.0.0.1:9/v1', maxRetries: 0 },
          circuitBreaker: { failures: 1, openMs: 60_000 },
        },
      },
      models: {
        aliases: { fast: 'fake/fast', 'claude-*': 'other/claude-*' },
        fallbacks: { 'down/*': ['fake/*'] },
        routes: [
          { name: 'team', when: '"x-team" in headers && headers["x-team"] == "red"', targets: ['other/red'] },
          { name: 'secret', when: '"x-api-key" in headers', targets: ['other/leaked'] },
        ],
      },
      keys: [
        { name: 'all', value: KEYS.all, allow: ['*'] },
        { name: 'few', value: KEYS.few, allow: ['model:fake/*'] },
      ],
    }),
    { file: 'portcullis.json', env: {} },
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const app = await assemble({
    ...{ config: parsed.config, dataDir: await createTempDir(t), environment: {}, log: quiet, inProcess: new Map() },
    identity: { name: 'portcullis', version: '0.0.0' },
  });
  t.after(() => app[Symbol.asyncDispose]());
  return (await app.listen('127.0.0.1', 0)).url;
}

interface Answered {
  readonly status: number;
  /** `provider/model` that answered. */
  readonly by: string;
  readonly attempts: string | null;
  readonly error: unknown;
}

async function ask(
  url: string,
  model: string,
  headers: { readonly [name: string]: string } = {},
  key: string = KEYS.all,
): Promise<Answered> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] }),
  });
  const { error } = (await response.json()) as {
    readonly error?: { readonly gateway_code?: string; readonly message?: string };
  };
  return {
    status: response.status,
    by: `${response.headers.get('x-portcullis-provider')}/${response.headers.get('x-portcullis-model')}`,
    attempts: response.headers.get('x-portcullis-attempts'),
    error: error && { code: error.gateway_code, message: error.message },
  };
}

test('aliases, rules over headers and fallbacks that the request names decide where a call goes', async (t) => {
  const url = await start(t);
  assert.equal((await ask(url, 'fast')).by, 'fake/fast');
  assert.equal((await ask(url, 'claude-x')).by, 'other/claude-x');
  // The rule that looks for a credential never sees one.
  assert.equal((await ask(url, 'fast', { 'x-team': 'blue' })).by, 'fake/fast');
  assert.equal((await ask(url, 'fast', { 'x-team': 'red' })).by, 'other/red');
  const configured = await ask(url, 'down/m');
  assert.deepEqual([configured.by, configured.attempts], ['fake/m', '2']);
  assert.equal((await ask(url, 'down/m', { 'x-portcullis-fallbacks': 'nothing/here, claude-y' })).by, 'other/claude-y');
  const none = await ask(url, 'down/n', { 'x-portcullis-fallbacks': '' });
  assert.deepEqual([none.status, (none.error as { code?: unknown }).code], [503, 'provider_unavailable']);
});

test('a model that is hidden answers as one that is not there, by whatever way it is asked for', async (t) => {
  const url = await start(t);
  const few = (model: string, headers = {}) => ask(url, model, headers, KEYS.few);
  assert.equal((await few('fast')).by, 'fake/fast');
  for (const [model, headers] of [
    ['other/x', {}],
    ['claude-x', {}],
    ['fast', { 'x-team': 'red' }],
  ] as const) {
    const hidden = await few(model, headers);
    assert.equal(hidden.status, 404);
    const missing = await few('nobody/x');
    const words = ({ error }: Answered, name: string) => JSON.stringify(error).replaceAll(name, '…');
    assert.equal(words(hidden, model), words(missing, 'nobody/x'));
  }
  // A fallback that is hidden is passed over: the call fails for the reason it would have failed for without it.
  assert.equal((await few('down/m', { 'x-portcullis-fallbacks': 'other/x' })).status, 404);
});

test('ready shows a key how its models do, and nobody else', async (t) => {
  const url = await start(t);
  await ask(url, 'down/m');
  const ready = async (key?: string) => {
    const headers: { [name: string]: string } = key === undefined ? {} : { 'x-api-key': key };
    const { models } = (await (await fetch(`${url}/ready`, { headers })).json()) as {
      readonly models?: readonly { readonly provider: string; readonly model: string; readonly circuit: string }[];
    };
    return models?.map(({ provider, model, circuit }) => `${provider}/${model} ${circuit}`);
  };
  assert.deepEqual(await ready(KEYS.all), ['down/m open', 'fake/m closed']);
  assert.deepEqual(await ready(KEYS.few), ['fake/m closed']);
  assert.equal(await ready(), undefined);
  // While its circuit is open it is not asked at all.
  assert.equal((await ask(url, 'down/m')).attempts, null);
});
