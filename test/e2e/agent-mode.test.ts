/** Agent mode: rounds of a model and its tools driven by the gateway, as clients of three dialects see them. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import type { ChatMessage } from '../../src/contracts/chat.ts';
import { ProviderFailure } from '../../src/contracts/models.ts';
import { AGENT_KEY, callTool, type Model, say, startAgentSite } from '../support/agent-site.ts';

type Site = Awaited<ReturnType<typeof startAgentSite>>;
const openaiOf = ({ url }: Site): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: AGENT_KEY, maxRetries: 0 });
const ASK = { model: 'm/x', messages: [{ role: 'user' as const, content: 'go' }] };

/** Member `portcullis` of an answer, or of a piece of one. */
const saysOf = (value: unknown) =>
  (value as { portcullis?: { [name: string]: unknown } & { run?: { [name: string]: unknown } } }).portcullis;

const executedIn = (value: unknown) =>
  (saysOf(value)?.executed ?? []) as readonly { readonly id: string; readonly isError: boolean }[];

function resultsIn(messages: readonly ChatMessage[]): string[] {
  return messages.flatMap((message) =>
    message.role === 'tool' ? message.parts.map((part) => (part.type === 'text' ? part.text : part.type)) : [],
  );
}

/** Two rounds with tools of the gateway, then an answer. */
const twice = (_: unknown, round: number) =>
  round === 1
    ? [say('Looking. '), callTool('files__read', { a: 1 }), callTool('files__read', { a: 2 })]
    : round === 2
      ? [callTool('files__write', { b: 1 })]
      : [say('All done.')];

test('tools are run round by round until there is an answer, in order, and each is a call of its own', async (t) => {
  const site = await startAgentSite(t, { model: twice });
  const { data, response } = await openaiOf(site).chat.completions.create(ASK).withResponse();
  assert.equal(data.choices[0]?.message.content, 'All done.');
  assert.equal(data.choices[0]?.finish_reason, 'stop');
  assert.deepEqual([data.usage?.prompt_tokens, data.usage?.completion_tokens], [30, 15]);
  assert.deepEqual(resultsIn(site.told[2] ?? []), ['did {"a":1}', 'did {"a":2}', 'did {"b":1}']);
  const run = saysOf(data)?.run;
  assert.deepEqual([run?.state, run?.end, run?.rounds, run?.calls], ['done', 'answered', 3, 3]);
  assert.equal(response.headers.get('x-portcullis-run'), run?.id);
  assert.equal(response.headers.get('x-portcullis-input-tokens'), '30');
  const { events } = site.harness.trail;
  const kinds = events
    .filter(({ type }) => type !== 'finish')
    .map(({ kind, parentId }) => `${kind} ${parentId ?? '-'}`);
  const id = String(run?.id);
  assert.deepEqual(
    kinds.filter((each) => each.startsWith('tools.call')),
    Array(3).fill(`tools.call ${id}`),
  );
  assert.deepEqual(
    kinds.filter((each) => each === `chat ${id}`),
    Array(3).fill(`chat ${id}`),
  );
  assert.equal(kinds.filter((each) => each === `run.ended ${id}`).length, 1);
  assert.equal((await site.runs.find(id))?.end, 'answered');
});

test('Anthropic and Gemini clients see one answer, too, whole and streamed', async (t) => {
  const rounds = (messages: readonly ChatMessage[]) =>
    messages.some(({ role }) => role === 'tool') ? [say('All done.')] : [say('Looking. '), callTool('files__read')];
  const site = await startAgentSite(t, { model: rounds });
  const anthropic = new Anthropic({ baseURL: site.url, apiKey: AGENT_KEY, maxRetries: 0 });
  const body = { ...ASK, max_tokens: 100 };
  const message = await anthropic.messages.create(body);
  assert.deepEqual(
    message.content.map((block) => block.type === 'text' && block.text),
    ['All done.'],
  );
  assert.equal(message.stop_reason, 'end_turn');
  assert.equal(saysOf(message)?.run?.rounds, 2);
  const streamed = await anthropic.messages.stream(body).finalMessage();
  assert.deepEqual(
    streamed.content.map((block) => block.type === 'text' && block.text),
    ['Looking. ', 'All done.'],
  );
  assert.equal(streamed.usage.output_tokens, 10);

  const gemini = new GoogleGenAI({ apiKey: AGENT_KEY, httpOptions: { baseUrl: `${site.url}/gemini` } });
  const asked = { model: 'm/x', contents: 'go' };
  assert.equal((await gemini.models.generateContent(asked)).text, 'All done.');
  let text = '';
  for await (const piece of await gemini.models.generateContentStream(asked)) text += piece.text ?? '';
  assert.equal(text, 'Looking. All done.');
});

test('a stream shows the text of every round, tells of tools, and ends once', async (t) => {
  const site = await startAgentSite(t, { model: twice });
  const stream = await openaiOf(site).chat.completions.create({
    ...{ ...ASK, stream: true, stream_options: { include_usage: true } },
  });
  let text = '';
  const told: unknown[] = [];
  const finishes: unknown[] = [];
  let usage: unknown;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    assert.equal(chunk.choices[0]?.delta.tool_calls, undefined);
    if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
    if (saysOf(chunk)) told.push(saysOf(chunk)?.type);
    if (chunk.usage) usage = chunk.usage.total_tokens;
  }
  assert.equal(text, 'Looking. All done.');
  assert.deepEqual(finishes, ['stop']);
  assert.equal(usage, 45);
  assert.deepEqual(told.filter((type) => type === 'tool.started').length, 3);
  assert.deepEqual(told.filter((type) => type === 'tool.finished').length, 3);
  assert.equal(told.at(-1), 'run.ended');
});

/** Three calls, of which one is left to the caller; once it has the result it answers. */
const mixed = (messages: readonly ChatMessage[]) =>
  messages.some(({ role }) => role === 'tool')
    ? [say(`Told: ${resultsIn(messages).join(', ')}`)]
    : [
        say('Hm. '),
        callTool('files__read', { n: 1 }, 'c1'),
        callTool('mail__send', {}, 'c2'),
        callTool('files__read', { n: 3 }, 'c3'),
      ];

for (const stream of [false, true])
  test(`what may not be run comes back to the caller, and the run goes on with its result${stream ? ', streamed' : ''}`, async (t) => {
    const site = await startAgentSite(t, { model: mixed });
    const openai = openaiOf(site);
    const ask = async (messages: OpenAI.ChatCompletionMessageParam[]) => {
      const body = { model: 'm/x', messages };
      if (!stream) return openai.chat.completions.create(body);
      return openai.chat.completions.stream(body).finalChatCompletion();
    };
    const first = await ask(ASK.messages);
    const message = first.choices[0]?.message;
    assert.ok(message);
    assert.equal(first.choices[0]?.finish_reason, 'tool_calls');
    assert.deepEqual(
      message.tool_calls?.map((call) => call.id),
      ['c2'],
    );
    const waiting = await site.runs.findWaiting(AGENT_KEY, ['c2']);
    assert.deepEqual([waiting?.state, waiting?.pending], ['waiting', ['c2']]);
    if (!stream)
      assert.deepEqual(
        executedIn(first).map(({ id }) => id),
        ['c1', 'c3'],
      );

    const second = await ask([...ASK.messages, message, { role: 'tool', tool_call_id: 'c2', content: 'sent' }]);
    assert.equal(second.choices[0]?.message.content, 'Told: did {"n":1}, sent, did {"n":3}');
    const run = await site.runs.find(waiting?.id ?? '');
    assert.deepEqual([run?.state, run?.rounds, run?.calls], ['done', 2, 2]);
    assert.equal(site.harness.servers.get('mail')?.requests.length, 0);
  });

test('a run goes on after a restart of the gateway', async (t) => {
  const before = await startAgentSite(t, { model: mixed });
  const first = await openaiOf(before).chat.completions.create(ASK);
  const message = first.choices[0]?.message;
  assert.ok(message);
  const after = await startAgentSite(t, { model: mixed, dataDir: before.dataDir });
  const second = await openaiOf(after).chat.completions.create({
    model: 'm/x',
    messages: [...ASK.messages, message, { role: 'tool', tool_call_id: 'c2', content: 'sent' }],
  });
  assert.match(second.choices[0]?.message.content ?? '', /did {"n":1}, sent, did {"n":3}/);
});

test('results that are missing, twice there or of no call are refused by name, and the run still waits', async (t) => {
  const model = (messages: readonly ChatMessage[]) =>
    messages.some(({ role }) => role === 'tool')
      ? [say('fine')]
      : [callTool('files__read', {}, 'c1'), callTool('mail__send', {}, 'c2'), callTool('mail__send', {}, 'c3')];
  const site = await startAgentSite(t, { model });
  const openai = openaiOf(site);
  const first = await openai.chat.completions.create(ASK);
  const message = first.choices[0]?.message;
  assert.ok(message);
  const bring = (...ids: string[]) =>
    openai.chat.completions.create({
      model: 'm/x',
      messages: [
        ...ASK.messages,
        message,
        ...ids.map((id) => ({ role: 'tool' as const, tool_call_id: id, content: 'r' })),
      ],
    });
  const cases = {
    c2: /missing for "c3"/,
    'c2 c2 c3': /two results for the call "c2"/,
    'c2 c3 c9': /nobody waits for a result of "c9"/,
  };
  for (const [ids, words] of Object.entries(cases))
    await assert.rejects(
      bring(...ids.split(' ')),
      (error) => error instanceof OpenAI.ConflictError && words.test(error.message),
    );
  assert.equal((await bring('c3', 'c2')).choices[0]?.message.content, 'fine');
});

test("another key's run is none", async (t) => {
  const site = await startAgentSite(t, { model: mixed });
  const first = await openaiOf(site).chat.completions.create(ASK);
  site.harness.keys.add('pck_other_0123456789', {
    allow: ['*'],
    deny: [],
    agent: { mode: 'on', auto: [], onlyIf: [], maxRounds: 5, maxCalls: 5, maxDurationMs: 60_000 },
  });
  site.harness.gateway.refreshKeys();
  const other = new OpenAI({ baseURL: `${site.url}/v1`, apiKey: 'pck_other_0123456789', maxRetries: 0 });
  const run = String(saysOf(first)?.run?.id);
  await assert.rejects(
    other.chat.completions.create(ASK, { headers: { 'x-portcullis-run': run } }),
    OpenAI.NotFoundError,
  );
});

test('a model that never stops calling is stopped by its bounds, and what was not run is told', async (t) => {
  for (const [agent, end, rounds, calls] of [
    [{ maxRounds: 3 }, 'max-rounds', 3, 2],
    [{ maxCalls: 4 }, 'max-calls', 5, 4],
    [{ maxTokens: 40 }, 'max-tokens', 3, 2],
  ] as const) {
    const site = await startAgentSite(t, { model: () => [say('again'), callTool('files__read')], agent });
    const answer = await openaiOf(site).chat.completions.create(ASK);
    const said = saysOf(answer);
    assert.equal(answer.choices[0]?.finish_reason, 'length');
    assert.equal(answer.choices[0]?.message.tool_calls, undefined);
    assert.deepEqual([said?.run?.end, said?.run?.rounds, said?.run?.calls], [end, rounds, calls]);
    assert.equal((said?.notRun as unknown[] | undefined)?.length, 1);
    assert.equal(site.harness.servers.get('files')?.requests.length, calls);
  }
});

test('what a tool fails with is told to the model, which goes on', async (t) => {
  const site = await startAgentSite(t, {
    model: (messages, round) =>
      round === 1
        ? [callTool('files__read'), { type: 'tool-call', id: 'bad', name: 'files__read', arguments: '[1' }]
        : [say(resultsIn(messages).join(' | '))],
    tool: async () => ({
      type: 'result',
      text: JSON.stringify({ isError: true, content: [{ type: 'text', text: 'disk full' }] }),
    }),
  });
  const answer = await openaiOf(site).chat.completions.create(ASK);
  assert.equal(answer.choices[0]?.message.content, 'disk full | The arguments are not a JSON object');
  assert.deepEqual(
    executedIn(answer).map(({ isError }) => isError),
    [true, true],
  );
});

test('a result of five megabytes is cut, and says so', async (t) => {
  const site = await startAgentSite(t, {
    model: (messages, round) =>
      round === 1 ? [callTool('files__read')] : [say(String(resultsIn(messages)[0]?.slice(-80)))],
    tool: async () => ({
      type: 'result',
      text: JSON.stringify({ content: [{ type: 'text', text: 'x'.repeat(5_000_000) }] }),
    }),
  });
  const answer = await openaiOf(site).chat.completions.create(ASK);
  assert.match(answer.choices[0]?.message.content ?? '', /cut by the gateway: 4800000 of 5000000 characters/);
});

test('a rule that denies is told to the model; one that no operator can answer is, too', async (t) => {
  const rule = { keys: undefined, when: undefined, message: undefined, description: undefined };
  const site = await startAgentSite(t, {
    model: (messages, round) =>
      round === 1 ? [callTool('files__write', { path: '/etc' })] : [say(resultsIn(messages).join())],
    config: {
      policy: {
        ...{
          annotations: [],
          defaults: { readOnly: 'allow', write: 'allow', destructive: 'allow', unannotated: 'allow' },
        },
        rules: [{ ...rule, name: 'no-etc', action: 'deny', targets: ['files/write'], when: 'args.path == "/etc"' }],
      },
    },
  });
  const answer = await openaiOf(site).chat.completions.create(ASK);
  assert.match(answer.choices[0]?.message.content ?? '', /no-etc/);
  assert.equal(site.harness.servers.get('files')?.requests.length, 0);
});

async function untilAborted(t: TestContext, started: () => void, model: Model = () => [callTool('files__read')]) {
  return startAgentSite(t, {
    model,
    tool: ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        started();
      }),
  });
}

for (const stream of [false, true])
  test(`a caller that goes away ends tools and run${stream ? ', in a stream' : ''}`, async (t) => {
    const started = Promise.withResolvers<void>();
    const site = await untilAborted(t, started.resolve);
    const controller = new AbortController();
    const ended = new Promise<string>((resolve) => {
      site.runs.onChange(async (id) => {
        const run = await site.runs.find(id);
        if (run?.end !== undefined) resolve(`${run.state} ${run.end}`);
      });
    });
    const asked = openaiOf(site).chat.completions.create({ ...ASK, stream }, { signal: controller.signal });
    const failed = asked.then(
      async (answer) => {
        if (Symbol.asyncIterator in answer) for await (const _ of answer);
      },
      () => undefined,
    );
    await started.promise;
    controller.abort();
    await failed.catch(() => undefined);
    assert.equal(await ended, 'cancelled disconnected');
  });

test('a run that somebody cancels ends at once, and what it left open is withdrawn', async (t) => {
  const started = Promise.withResolvers<void>();
  const model = () => [callTool('files__read', {}, 'c1'), callTool('mail__send', {}, 'c2')];
  const site = await untilAborted(t, started.resolve, model);
  const asked = openaiOf(site).chat.completions.create(ASK);
  await started.promise;
  const [run] = await site.runs.list({ limit: 1 });
  assert.ok(await site.runs.requestCancel(run?.id ?? '', Date.now()));
  await assert.rejects(asked, /somebody ended the run/);
  assert.equal((await site.runs.find(run?.id ?? ''))?.state, 'cancelled');
  const kept = await site.suggestions.ofRun(run?.id ?? '');
  assert.deepEqual(
    kept.map(({ toolCallId, state }) => `${toolCallId} ${state}`),
    ['c1 unknown', 'c2 withdrawn'],
  );
});

test('a run that takes too long is ended, with its tools', async (t) => {
  const site = await startAgentSite(t, {
    agent: { maxDurationMs: 50 },
    model: () => [callTool('files__read')],
    tool: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('x')))),
  });
  await assert.rejects(openaiOf(site).chat.completions.create(ASK), /the run took longer than it may/);
});

test('a request can go without, one that is no run is refused, and a key without agent mode says so', async (t) => {
  const site = await startAgentSite(t, { model: () => [callTool('files__read', {}, 'c1')] });
  const openai = openaiOf(site);
  const off = await openai.chat.completions.create(ASK, { headers: { 'x-portcullis-agent': 'off' } });
  assert.deepEqual(
    off.choices[0]?.message.tool_calls?.map(({ id }) => id),
    ['c1'],
  );
  assert.equal(saysOf(off), undefined);
  await assert.rejects(openai.chat.completions.create({ ...ASK, n: 2 }), /one answer/);
  const plain = new OpenAI({ baseURL: `${site.url}/v1`, apiKey: 'all', maxRetries: 0 });
  const wish = { headers: { 'x-portcullis-agent': 'on' } };
  await assert.rejects(plain.chat.completions.create(ASK, wish), /no agent mode/);
});

test('where nothing can be kept, a mixed round is the caller’s as a whole, and nothing is run behind its back', async (t) => {
  const sealer = { seal: () => assert.fail(), open: () => undefined, refusal: () => 'no master key' };
  const site = await startAgentSite(t, { model: mixed, sealer });
  const answer = await openaiOf(site).chat.completions.create(ASK);
  assert.deepEqual(
    answer.choices[0]?.message.tool_calls?.map(({ id }) => id),
    ['c1', 'c2', 'c3'],
  );
  assert.equal(site.harness.servers.get('files')?.requests.length, 0);
});

test('a budget that is used up in round three ends the run with its own error, and rounds are paid once', async (t) => {
  const site = await startAgentSite(t, {
    model: () => [say('Step. '), callTool('files__read')],
    prices: [
      { source: 'm/*', price: { inputMicroUsdPerMillion: 0, outputMicroUsdPerMillion: 0, perCallMicroUsd: 40 } },
    ],
    limits: {
      ...{ requests: [], tokens: [], toolCalls: [] },
      budgets: [{ maxMicroUsd: 100, per: 'day', timeZone: 'UTC' }],
    },
  });
  const openai = openaiOf(site);
  await assert.rejects(openai.chat.completions.create(ASK), (error) => {
    assert.ok(error instanceof OpenAI.APIError);
    assert.match(error.message, /budget/);
    return true;
  });
  const [run] = await site.runs.list({ limit: 1 });
  assert.deepEqual([run?.state, run?.end, run?.rounds, run?.costMicroUsd], ['failed', 'budget', 2, 80]);
  const spent = site.harness.trail.events.reduce((sum, { priceMicroUsd = 0 }) => sum + priceMicroUsd, 0);
  assert.equal(spent, 80);
});

test('what goes wrong in a later round of a stream is its error, after what was said', async (t) => {
  const site = await startAgentSite(t, {
    model: (_, round) => {
      if (round === 2) throw new ProviderFailure('invalid-request', 'no', { publicText: 'too odd' });
      return [say('Step. '), callTool('files__read')];
    },
  });
  let text = '';
  await assert.rejects(async () => {
    for await (const chunk of await openaiOf(site).chat.completions.create({ ...ASK, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
  }, /too odd/);
  assert.equal(text, 'Step. ');
  const [run] = await site.runs.list({ limit: 1 });
  assert.deepEqual([run?.state, run?.end, run?.rounds], ['failed', 'error', 1]);
});

test('what goes wrong before a stream has begun is no stream', async (t) => {
  const site = await startAgentSite(t, {
    model: () => {
      throw new ProviderFailure('invalid-request', 'no', { publicText: 'too odd' });
    },
  });
  await assert.rejects(openaiOf(site).chat.completions.create({ ...ASK, stream: true }), OpenAI.BadRequestError);
});

test('what a run carries out stands in the ledger, each of it once', async (t) => {
  const site = await startAgentSite(t, { model: mixed });
  const answer = await openaiOf(site).chat.completions.create(ASK);
  const kept = await site.suggestions.ofRun(String(saysOf(answer)?.run?.id));
  assert.deepEqual(
    kept.map(({ toolCallId, state }) => [toolCallId, state]),
    [
      ['c1', 'done'],
      ['c2', 'open'],
      ['c3', 'done'],
    ],
  );
  assert.deepEqual(saysOf(answer)?.suggestions, [{ id: kept[1]?.id, toolCallId: 'c2' }]);
});

test('what is streamed is one answer, whatever came in how many rounds', async (t) => {
  const bodies: string[] = [];
  for (const model of [twice, mixed]) {
    const site = await startAgentSite(t, { model });
    const response = await fetch(`${site.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': AGENT_KEY, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...ASK, max_tokens: 50, stream: true }),
    });
    bodies.push(await response.text());
  }
  for (const body of bodies) {
    const events = body.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : []));
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    assert.deepEqual([count('message_start'), count('message_delta'), count('message_stop')], [1, 1, 1]);
    const starts = events.flatMap((event) => (event.type === 'content_block_start' ? [event.index] : []));
    assert.deepEqual(starts, [...starts.keys()]);
    assert.equal(count('content_block_stop'), starts.length);
    assert.equal(events.at(-1).type, 'message_stop');
  }
});
