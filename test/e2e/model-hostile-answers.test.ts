/**
 * Providers that answer what none should, on every wire and to clients of every dialect: what leaves us can be read by the client's
 * SDK or is an error of its dialect, each call has one record, and a second client notices nothing.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../../src/contracts/errors.ts';
import { readTrail, type StartedGateway, startGateway } from '../support/gateway.ts';
import { type HostileProvider, startHostileProvider } from '../support/hostile/hostile-provider.ts';
import { type ModelEndpoint, readModelError } from '../support/hostile/model-endpoints.ts';
import { type ModelNeighbour, startModelNeighbour } from '../support/hostile/model-neighbour.ts';
import {
  DEEP,
  type Path,
  pathsIn,
  REPLACEMENTS,
  replaceAt,
  valueAt,
  writeJson,
} from '../support/hostile/mutate-json.ts';
import { PROVIDER_WIRES, type ProviderWire } from '../support/hostile/provider-wires.ts';
import { type ClientDialect, type ReadAnswer, readModelAnswer } from '../support/hostile/read-model-answer.ts';
import { residentBytes } from '../support/hostile/resident-bytes.ts';
import { createCleanup } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'pck_e2e_hostilemodels_0123456789abcdef';
const OTHER_KEY = 'pck_e2e_secondmodels_0123456789abcdef';
const PROVIDER_KEY = 'sk-canary-0123456789abcdef';
/** For machines that do much else. */
const PATIENCE_MS = 60_000;
const CALLS_AT_ONCE = 8;
const SAMPLES = 1_000;
const MAX_GROWTH_BYTES = 500 * 1024 * 1024;

interface Client {
  readonly errors: ModelEndpoint['errors'];
  readonly path: (model: string, stream: boolean) => string;
  readonly body: (model: string, stream: boolean) => object;
}

const messages = [{ role: 'user', content: 'x' }];
const CLIENTS: { readonly [dialect in ClientDialect]: Client } = {
  chat: {
    ...{ errors: 'openai', path: () => '/v1/chat/completions' },
    body: (model, stream) => ({
      ...{ model, stream, messages, ...(stream && { stream_options: { include_usage: true } }) },
      tools: [{ type: 'function', function: { name: 'weather', parameters: {} } }],
    }),
  },
  responses: {
    ...{ errors: 'openai', path: () => '/v1/responses' },
    body: (model, stream) => ({
      ...{ model, stream, input: 'x', tools: [{ type: 'function', name: 'weather', parameters: {} }] },
    }),
  },
  messages: {
    ...{ errors: 'anthropic', path: () => '/v1/messages' },
    body: (model, stream) => ({
      ...{ model, stream, max_tokens: 100, messages, tools: [{ name: 'weather', input_schema: { type: 'object' } }] },
    }),
  },
  generateContent: {
    errors: 'gemini',
    path: (model, stream) => `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: () => ({
      contents: [{ parts: [{ text: 'x' }] }],
      tools: [{ functionDeclarations: [{ name: 'weather' }] }],
    }),
  },
};

/** What one client gets of one wire. */
interface Pair {
  readonly wire: ProviderWire;
  readonly client: ClientDialect;
}
interface Case extends Pair {
  readonly what: string;
  readonly stream: boolean;
  /** A whole answer, or the events of a stream. */
  readonly answer: () => unknown;
}
interface Answered {
  readonly status: number;
  readonly text: string;
  /** Of our error, whole or at the end of a stream. */
  readonly code: string | undefined;
  /** Undefined: an error, or forwarded as it came. */
  readonly read: ReadAnswer | undefined;
  readonly callId: string;
}

const PAIRS: readonly Pair[] = PROVIDER_WIRES.flatMap((wire) => wire.clients.map((client) => ({ wire, client })));
const TRANSLATED = PAIRS.filter(({ wire, client }) => wire.speaks !== client);
/** Every wire once, every dialect of clients among them. */
const ONE_EACH = ['responses', 'chat', 'messages', 'generateContent', 'responses'].map((client, i) => {
  const wires = PROVIDER_WIRES.filter(({ clients }) => clients.length > 1);
  const wire = wires[i];
  assert.ok(wire !== undefined && wire.speaks !== client);
  return { wire, client: client as ClientDialect };
});

const WRONG: { readonly [what: string]: unknown } = {
  ...REPLACEMENTS,
  ...{ 'a name of prototypes': '__proto__', 'a name of objects': 'constructor', 'beyond counting': 1e300, deep: DEEP },
};

describe('hostile answers of providers', { timeout: 300_000 }, () => {
  const cleanup = createCleanup();
  let hostile: HostileProvider;
  let gateway: StartedGateway;
  let neighbour: ModelNeighbour;
  let bytesAtStart = 0;
  let asked = 0;

  before(async () => {
    hostile = await startHostileProvider();
    const wires = PROVIDER_WIRES.map((wire) => [wire.id, wire.config(hostile.origin, PROVIDER_KEY)]);
    const providers = { fake: {}, ...Object.fromEntries(wires) };
    const keys = [
      { name: 'hostile', value: KEY, allow: ['*'] },
      { name: 'second', value: OTHER_KEY, allow: ['*'] },
    ];
    gateway = await startGateway(cleanup, { config: { providers, keys } });
    neighbour = startModelNeighbour(gateway, OTHER_KEY, 'fake/echo');
    await neighbour.check();
    bytesAtStart = residentBytes(gateway.pid);
  });
  after(async () => {
    await neighbour?.stop().catch(() => undefined);
    await cleanup.run();
    await hostile?.[Symbol.asyncDispose]();
  });

  /** Fails unless the answer is one that its client can read. */
  const ask = async ({ wire, client, what, stream, answer }: Case): Promise<Answered> => {
    const { errors, path, body } = CLIENTS[client];
    const value = answer();
    const model = `${wire.id}/${wire.modelPrefix}${hostile.add(
      stream
        ? { contentType: wire.streamType, body: [...(value as unknown[]).map(wire.frame), wire.tail] }
        : { contentType: 'application/json', body: writeJson(value) },
    )}`;
    asked++;
    const response = await fetch(gateway.url + path(model, stream), {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body(model, stream)),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const { status } = response;
    const text = await response.text();
    const callId = response.headers.get('x-request-id') ?? '';
    const about = `${wire.id} to ${client}, ${stream ? 'streamed' : 'whole'}, ${what}: ${status} ${text.slice(0, 2_000)}`;
    try {
      assert.ok(!text.includes(PROVIDER_KEY), 'a secret');
      if (status !== 200) {
        const { code } = readModelError(errors, status, text);
        assert.equal(status, ERRORS[code as ErrorCode].httpStatus);
        assert.equal(code, 'provider_failed');
        return { status, text, code, read: undefined, callId };
      }
      const read = wire.speaks === client ? undefined : readModelAnswer(client, stream, text);
      if (read?.error !== undefined) assert.equal(read.error, 'provider_failed');
      return { status, text, code: read?.error, read, callId };
    } catch (error) {
      throw new Error(about, { cause: error });
    }
  };

  /** Fails with the first of each kind of failure. */
  const askAll = async (
    cases: readonly Case[],
    check?: (answered: Answered, of: Case) => void,
    atOnce = CALLS_AT_ONCE,
  ): Promise<void> => {
    const left = cases.values();
    const wrong: string[] = [];
    const worker = async (): Promise<void> => {
      for (const each of left)
        try {
          const answered = await ask(each);
          check?.(answered, each);
        } catch (error) {
          const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
          wrong.push(`${error}\n${cause?.message ?? ''}`);
        }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${cases.length}`);
    await neighbour.check();
  };

  const both = (pairs: readonly Pair[], what: string, change: (value: object, pair: Pair) => unknown): Case[] =>
    pairs.flatMap((pair) => {
      const { whole, events } = pair.wire;
      return [
        { ...pair, what, stream: false, answer: () => change(whole, pair) },
        { ...pair, what, stream: true, answer: () => change([...events], pair) },
      ];
    });

  test('an ordinary answer says the same on every wire and to every client, whole and streamed', async () => {
    await askAll(
      both(TRANSLATED, 'as it is', (value) => value),
      ({ read }) => {
        const { calls, stop, ...said } = read ?? assert.fail('no answer');
        assert.deepEqual(said, {
          ...{ text: 'Hello there', refusal: '', reasoning: 'Hm.', error: undefined },
          usage: { input: 11, output: 7 },
        });
        assert.deepEqual(
          calls.map(({ id: _, ...call }) => call),
          [{ name: 'weather', arguments: { city: 'Paris' } }],
        );
        assert.ok(stop !== '');
      },
    );
  });

  test('events that come twice, never, in another order or after the end: an answer, or the error at its end', async () => {
    const orders: {
      readonly [what: string]: (events: readonly unknown[], i: number, wire: ProviderWire) => unknown[];
    } = {
      twice: (events, i) => [...events.slice(0, i + 1), ...events.slice(i)],
      'left out': (events, i) => events.toSpliced(i, 1),
      'after the next': (events, i) => events.toSpliced(i, 2, ...events.slice(i, i + 2).reverse()),
      'cut off before': (events, i) => events.slice(0, i),
      'begun after': (events, i) => events.slice(i),
      'again after the end': (events, i) => [...events, ...events.slice(i)],
      'from the start again': (events, i) => [...events.slice(0, i), ...events],
      'broken before': (events, i, { errorEvent }) => [...events.slice(0, i), errorEvent],
      'nonsense before': (events, i) => events.toSpliced(i, 0, 5, null, [], 'zz', {}, { type: '__proto__' }),
    };
    await askAll(
      PROVIDER_WIRES.flatMap((wire) =>
        Object.entries(orders).flatMap(([what, order], turn) =>
          wire.events.map((_, i) => ({
            ...{ wire, stream: true, what: `event ${i} ${what}` },
            // Each gets its turn at every event.
            client: wire.clients[(i + turn) % wire.clients.length] ?? assert.fail(),
            answer: () => order(wire.events, i, wire),
          })),
        ),
      ),
    );
  });

  test('an answer that begins a second time, or a call that does before it ended, is not carried on', async () => {
    const pairs = TRANSLATED.filter(({ wire }) => ['anthropic', 'bedrock', 'cohere'].includes(wire.id));
    const cases = pairs.flatMap((pair) => {
      const { events } = pair.wire;
      const call = events.findIndex((event) => JSON.stringify(event).includes('weather'));
      assert.ok(call > 3);
      return [
        { ...pair, what: 'begins twice', stream: true, answer: () => [...events.slice(0, 3), ...events] },
        {
          ...pair,
          what: 'calls twice',
          stream: true,
          answer: () => [...events.slice(0, call + 1), ...events.slice(call)],
        },
      ];
    });
    await askAll(cases, ({ code }) => {
      assert.equal(code, 'provider_failed');
    });
  });

  test('calls with one id, or without any, are told apart', async () => {
    const callsOf: { readonly [wire: string]: Path } = {
      ...{ deepseek: ['choices', 0, 'message', 'tool_calls'], anthropic: ['content'] },
      ...{ gemini: ['candidates', 0, 'content', 'parts'], bedrock: ['output', 'message', 'content'] },
      cohere: ['message', 'tool_calls'],
    };
    const repeated = (id: unknown) => (pair: Pair) => ({
      ...{ ...pair, what: `twice with ${id}`, stream: false },
      answer: () => {
        const { whole, id: wire } = pair.wire;
        const path = callsOf[wire] ?? assert.fail(wire);
        const calls = valueAt(whole, path) as object[];
        const changed = replaceAt(whole, path, [...calls, calls.at(-1)]);
        return pathsIn(changed)
          .filter((at) => at.length > path.length && /^(id|toolUseId)$/.test(String(at.at(-1))))
          .reduce((value, at) => replaceAt(value, at, id), changed);
      },
    });
    await askAll(
      TRANSLATED.flatMap((pair) => ['one', '', 5, null, '__proto__'].map((id) => repeated(id)(pair))),
      // That they differ, and are texts, is what the reader holds every answer to.
      ({ read }) =>
        assert.deepEqual(
          read?.calls.map(({ name }) => name),
          ['weather', 'weather'],
        ),
    );
  });

  test('counts that are none are estimated, told to nobody as they came, and kept in no record', async () => {
    const with_ = (count: unknown) => (value: object) =>
      pathsIn(value)
        .filter((path) => /tokens$|tokenCount$/i.test(String(path.at(-1))) && typeof valueAt(value, path) === 'number')
        .reduce((changed, path) => replaceAt(changed, path, count), value);
    const ids = new Set<string>();
    await askAll(
      [-5, 1e300, REPLACEMENTS.huge, 'zz', null].flatMap((count) => both(PAIRS, `counts are ${count}`, with_(count))),
      ({ status, callId }) => {
        assert.equal(status, 200);
        ids.add(callId);
      },
    );
    const rows = await rowsOf(asked);
    for (const { id, model } of rows.filter((row) => ids.has(row.id))) {
      const { usage } = model ?? assert.fail(id);
      assert.equal(usage?.estimated, true, JSON.stringify(usage));
      for (const count of Object.values(usage))
        if (count !== true) assert.ok(Number(count) >= 0 && Number(count) < 1e6);
    }
    await askAll(both(TRANSLATED, 'counts are 0.5', with_(7.4)), ({ read }) => assert.ok(read !== undefined));
  });

  test('ten megabytes of text arrive as they came, in one piece and in many', async () => {
    const text = 'Hello \u{1f44b} there\n'.repeat(10_000_000 / 16);
    const piece = text.slice(0, 16_000);
    const isText = (value: unknown): boolean => value === 'Hello ' || value === 'Hello there';
    const at = (value: object): Path =>
      pathsIn(value).find((path) => isText(valueAt(value, path))) ?? assert.fail('no text');
    await askAll(
      ONE_EACH.map((pair) => {
        const { whole } = pair.wire;
        return { ...pair, what: '10 MB', stream: false, answer: () => replaceAt(whole, at(whole), text) };
      }),
      ({ read }) => assert.equal(read?.text.length, text.length),
      1,
    );
    await askAll(
      ONE_EACH.filter(({ client }) => client !== 'responses').map((pair) => {
        const { events } = pair.wire;
        const path = at(events);
        const i = Number(path[0]);
        const long = Array<object | undefined>(625).fill(replaceAt([...events], path, piece)[i]);
        return { ...pair, what: '10 MB', stream: true, answer: () => events.toSpliced(i, 1, ...(long as object[])) };
      }),
      ({ read }) => assert.equal(read?.text, `${piece.repeat(625)}there`),
      1,
    );
  });

  test('objects in each other, thousands deep, are no failure of ours wherever they stand', async () => {
    const deep = (pair: Pair, stream: boolean): Case[] => {
      const value: object = stream ? [...pair.wire.events] : pair.wire.whole;
      return pathsIn(value)
        .filter((path) => typeof valueAt(value, path) === 'object')
        .map((path) => ({
          ...{ ...pair, what: `${path.join('.')} is deep`, stream },
          answer: () => replaceAt(value, path, DEEP),
        }));
    };
    await askAll([...PAIRS.flatMap((pair) => deep(pair, false)), ...ONE_EACH.flatMap((pair) => deep(pair, true))]);
  });

  test('whatever is changed in an answer, its client can read what it gets', async () => {
    const places = PAIRS.flatMap((pair) =>
      [false, true].flatMap((stream) => {
        const value: object = stream ? [...pair.wire.events] : pair.wire.whole;
        return pathsIn(value).map((path) => ({ ...pair, stream, value, path }));
      }),
    );
    const cases = fc.sample(fc.tuple(fc.nat(places.length - 1), fc.constantFrom(...Object.keys(WRONG))), SAMPLES);
    await askAll(
      cases.map(([at, wrong]) => {
        const { value, path, ...pair } = places[at] ?? assert.fail();
        return { ...pair, what: `${path.join('.')}: ${wrong}`, answer: () => replaceAt(value, path, WRONG[wrong]) };
      }),
    );
  });

  test('every call has one record, nobody else noticed, and nothing broke or grew', async () => {
    const rows = await rowsOf(asked);
    assert.equal(rows.length, asked);
    assert.equal(new Set(rows.map(({ id }) => id)).size, asked);
    assert.equal(hostile.asked, asked);
    for (const { result, error } of rows) {
      assert.ok(result === 'ok' || (result === 'failed' && error === 'provider_failed'), `${result} ${error}`);
    }
    await neighbour.check();
    assert.ok(residentBytes(gateway.pid) - bytesAtStart < MAX_GROWTH_BYTES);
    assert.doesNotMatch(gateway.stderr(), /unexpected reason/);
    assert.ok(!gateway.stderr().includes(PROVIDER_KEY));
  });

  /** What the trail says of the calls, once it has that many. */
  const rowsOf = async (calls: number) => {
    const read = async () => (await readTrail(gateway.dataDir)).filter(({ keyName }) => keyName === 'hostile');
    let rows = await read();
    await waitFor('the records', async () => {
      rows = await read();
      return rows.length >= calls && rows.every(({ result }) => result !== undefined);
    });
    return rows;
  };
});
