/** What has to come out when the programs of `program.ts` run: one check per ordinary thing. */

import assert from 'node:assert/strict';
import type { SdkClient } from './program.ts';

export interface Subject {
  readonly client: SdkClient;
  /** As clients name it. */
  readonly model: string;
  /** Undefined: this provider has no embeddings. */
  readonly embeddingModel: string | undefined;
  /** Resolves once the provider saw one more client go away. Undefined: it cannot be seen there. */
  readonly awaitAbort: (() => Promise<void>) | undefined;
}

/** True: shown. False: this SDK, or this provider, has no such thing. */
export type Check = (subject: Subject) => Promise<boolean>;

/** A red dot, one pixel. */
const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

const CITY = (name: string): string => `!call get_weather {"city":"${name}"}`;
const ARGUMENTS = [{ city: 'Paris' }, { city: 'Zürich "x"' }];
const PARALLEL = `!chunks 5\n${CITY('Paris')}\n!call get_weather {"city":"Zürich \\"x\\""}`;

export const CHECKS: { readonly [name: string]: Check } = {
  async chat({ client, model }) {
    const told = await client.chat({ model, prompt: 'Hello wörld', system: 'Be brief.' });
    assert.match(told.text, /You said: Hello wörld/);
    return true;
  },
  async stream({ client, model }) {
    const told = await client.stream({ model, prompt: '!chunks 6\n!say one two three 🚀 four five' });
    assert.equal(told.text, 'one two three 🚀 four five');
    assert.ok(told.pieces > 1, `came in ${told.pieces} piece`);
    return true;
  },
  async tool({ client, model }) {
    const said = await client.useTool({ model, prompt: CITY('Paris'), withTool: true });
    assert.match(said, /sunny in Paris/);
    return true;
  },
  async 'parallel tools'({ client, model }) {
    const ask = { model, prompt: PARALLEL, withTool: true };
    for (const told of [await client.chat(ask), await client.stream(ask)]) {
      assert.deepEqual(
        told.calls.map(({ name }) => name),
        ['get_weather', 'get_weather'],
      );
      assert.deepEqual(
        told.calls.map((call) => call.arguments),
        ARGUMENTS,
      );
    }
    const said = await client.useTool(ask);
    assert.match(said, /sunny in Paris/);
    assert.match(said, /sunny in Zürich/);
    return true;
  },
  async structured({ client, model }) {
    assert.deepEqual(await client.structured({ model, prompt: '!say {"name":"Ada","age":36}' }), {
      name: 'Ada',
      age: 36,
    });
    return true;
  },
  async image({ client, model }) {
    const told = await client.chat({ model, prompt: 'What is this?', image: IMAGE });
    assert.match(told.text, /\[image image\/png 70 B\]/);
    return true;
  },
  async usage({ client, model }) {
    const ask = { model, prompt: '!usage 11 7\n!say hi' };
    const streamed = client.misreadsStreamedUsage === true ? [] : [await client.stream(ask)];
    for (const told of [await client.chat(ask), ...streamed]) assert.deepEqual(told.usage, { input: 11, output: 7 });
    return true;
  },
  async embeddings({ client, embeddingModel }) {
    if (client.embed === undefined || embeddingModel === undefined) return false;
    const vectors = await client.embed(embeddingModel, ['one', 'three']);
    assert.equal(vectors.length, 2);
    assert.ok((vectors[0]?.length ?? 0) > 1 && vectors[0]?.length === vectors[1]?.length);
    assert.notDeepEqual(vectors[0], vectors[1]);
    return true;
  },
  async errors({ client, model }) {
    const limited = await client.failure({ model, prompt: '!fail 429 1' });
    assert.equal(limited.status, 429, limited.message);
    const unknown = await client.failure({ model: 'nowhere/nothing', prompt: 'Hello' });
    assert.equal(unknown.status, 404, unknown.message);
    assert.match(unknown.message, /nowhere\/nothing/);
    return true;
  },
  async abort({ client, model, awaitAbort }) {
    const { abort } = client;
    if (abort === undefined) return false;
    const seen = awaitAbort?.();
    await abort({ model, prompt: '!chunks 200\n!pace 20\n!say one two three four five six seven eight nine ten' });
    await seen;
    return true;
  },
};
