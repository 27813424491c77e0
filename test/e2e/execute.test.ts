/** What a model suggested is carried out when its caller says so: in every dialect, once, and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTrail } from '../support/gateway.ts';
import { startSuggesting } from '../support/suggesting-gateway.ts';

test('what models of each dialect suggested is carried out as they wrote it, and answered in that dialect', {
  timeout: 120_000,
}, async (t) => {
  const { post, execute, executions } = await startSuggesting(t);
  const ask = (nonce: string): string => `!call witness__work {"nonce":"${nonce}"}`;

  const chat = await post('/v1/chat/completions', {
    ...{ model: 'openai/gpt-5.2', messages: [{ role: 'user', content: ask('chat') }] },
  });
  const chatCall = chat.body.choices[0].message.tool_calls[0];
  const chatDone = await execute(chatCall);
  assert.deepEqual(chatDone.body, { role: 'tool', tool_call_id: chatCall.id, content: 'done chat' });
  assert.equal(chatDone.headers.get('x-portcullis-suggestion'), chat.headers.get('x-portcullis-suggestions'));
  assert.equal(chatDone.headers.get('x-portcullis-status'), 'ok');

  const responses = await post('/v1/responses', { model: 'openai/gpt-5.2', input: ask('responses') });
  const item = responses.body.output.find(({ type }: { type: string }) => type === 'function_call');
  assert.deepEqual((await execute(item)).body, {
    ...{ type: 'function_call_output', call_id: item.call_id, output: 'done responses' },
  });

  const messages = await post('/v1/messages', {
    model: 'anthropic/claude-sonnet-4-5',
    max_tokens: 99,
    messages: [{ role: 'user', content: ask('anthropic') }],
  });
  const block = messages.body.content.find(({ type }: { type: string }) => type === 'tool_use');
  assert.deepEqual((await execute(block)).body, {
    type: 'tool_result',
    tool_use_id: block.id,
    content: [{ type: 'text', text: 'done anthropic' }],
  });

  const gemini = await post('/v1beta/models/gemini/gemini-2.5-flash:generateContent', {
    contents: [{ role: 'user', parts: [{ text: ask('gemini') }] }],
  });
  const part = gemini.body.candidates[0].content.parts.find((each: object) => 'functionCall' in each);
  const { id } = part.functionCall;
  assert.deepEqual((await execute(part)).body, {
    functionResponse: {
      ...(id !== undefined && { id }),
      ...{ name: 'witness__work', response: { output: 'done gemini' } },
    },
  });
  // By its id alone, in the dialect it was made in: nothing happens once more.
  const again = await execute({ suggestion: gemini.headers.get('x-portcullis-suggestions') });
  assert.equal(again.body.functionResponse.response.output, 'done gemini');
  assert.equal(again.headers.get('x-portcullis-repeated'), 'true');

  for (const nonce of ['chat', 'responses', 'anthropic', 'gemini']) assert.equal(executions(nonce), 1, nonce);
});

test('only what was suggested, to this key, unchanged, can be carried out, and only once', {
  timeout: 120_000,
}, async (t) => {
  const other = 'pk-another-key-0123456789abcdef';
  const any = 'pk-a-key-for-any-0123456789abc';
  const { suggest, execute, executions } = await startSuggesting(t, {
    keys: [
      { name: 'other', value: other, allow: ['*', 'model:*'] },
      { name: 'any', value: any, allow: ['*', 'model:*'], execute: 'any' },
    ],
  });
  const refusal = async (body: object, key?: string): Promise<readonly [number, string]> => {
    const { status, body: said } = await execute(body, key === undefined ? {} : { key });
    return [status, said.portcullis.code];
  };

  const { call, suggestion } = await suggest({ nonce: 'one', sleepMs: 1 });
  const changed = { ...call, function: { ...call.function, arguments: '{"nonce":"one","sleepMs":2}' } };
  assert.deepEqual(await refusal(changed), [409, 'arguments_changed']);
  assert.deepEqual(await refusal({ ...call, function: { ...call.function, name: 'witness__peek' } }), [
    ...[409, 'arguments_changed'],
  ] as [number, string]);
  assert.deepEqual(await refusal({ ...call, id: 'call_nobody_made' }), [403, 'not_suggested']);
  assert.deepEqual(await refusal({ suggestion: 'sug_000000000000000000000000' }), [404, 'unknown_suggestion']);
  assert.deepEqual(await refusal(call, other), [403, 'not_suggested']);
  assert.deepEqual(await refusal({ suggestion }, other), [404, 'unknown_suggestion']);
  assert.equal(executions('one'), 0);

  // Spelled otherwise is not changed.
  const spelled = { ...call, function: { ...call.function, arguments: ' {"sleepMs":1.0, "nonce":"one"}' } };
  const together = await Promise.all([execute(spelled), execute(call), execute({ suggestion })]);
  assert.deepEqual(
    together.map(({ status, body }) => [status, body.content]),
    [1, 2, 3].map(() => [200, 'done one']),
  );
  assert.equal((await execute(call)).text, together[1]?.text);
  assert.equal(executions('one'), 1);

  // A key may be allowed to do without a suggestion: each time it asks, it is done.
  const free = { type: 'function', function: { name: 'witness__work', arguments: '{"nonce":"free"}' } };
  assert.deepEqual(await refusal(free), [403, 'not_suggested']);
  for (const _ of [1, 2]) assert.equal((await execute(free, { key: any })).status, 200);
  assert.equal(executions('free'), 2);
});

test('many at once are answered in order, each with a message or the error of its dialect', {
  timeout: 120_000,
}, async (t) => {
  const { suggest, execute, executions } = await startSuggesting(t);
  const made = [];
  for (const index of Array.from({ length: 12 }, (_, each) => each)) made.push(await suggest({ nonce: `n${index}` }));
  const calls = [
    ...made.map(({ call, suggestion }, index) => (index % 2 === 0 ? call : { suggestion })),
    { type: 'tool_use', id: 'toolu_none', name: 'witness__work', input: {} },
  ];
  const { status, body } = await execute({ calls });
  assert.equal(status, 200);
  assert.equal(body.results.length, 13);
  for (const [index, { call, suggestion }] of made.entries()) {
    const { message, portcullis } = body.results[index];
    assert.deepEqual(message, { role: 'tool', tool_call_id: call.id, content: `done n${index}` });
    assert.deepEqual([portcullis.suggestion, portcullis.status], [suggestion, 'ok']);
    assert.equal(executions(`n${index}`), 1);
  }
  const last = body.results[12];
  assert.deepEqual([last.type, last.portcullis.code, last.portcullis.httpStatus], ['error', 'not_suggested', 403]);

  const shown = await execute({ calls: made.map(({ suggestion }) => ({ suggestion })).slice(0, 2) });
  assert.ok(shown.body.results.every(({ portcullis }: { portcullis: { repeated?: boolean } }) => portcullis.repeated));
  for (const wrong of [{ calls: [] }, { calls: Array(33).fill({ suggestion: 'x' }) }, { type: 'custom' }, {}])
    assert.equal((await execute(wrong)).status, 400, JSON.stringify(wrong).slice(0, 80));
});

test('of equal calls without ids each is carried out once, also where they come together', {
  timeout: 120_000,
}, async (t) => {
  const { suggest, execute, executions } = await startSuggesting(t);
  const { call } = await suggest({ nonce: 'twin' });
  await suggest({ nonce: 'twin' });
  const bare = { type: call.type, function: call.function };
  const { body } = await execute({ calls: [bare, bare] });
  const told = body.results as { message: { content: string }; portcullis: { suggestion: string } }[];
  assert.deepEqual(
    told.map(({ message }) => message.content),
    ['done twin', 'done twin'],
  );
  assert.equal(new Set(told.map(({ portcullis }) => portcullis.suggestion)).size, 2);
  assert.equal(executions('twin'), 2);
  assert.equal((await execute(bare)).headers.get('x-portcullis-repeated'), 'true');
  assert.equal(executions('twin'), 2);
});

test('an execution is a call like any other: grants, narrowing, rules and limits hold, and the trail says what it was', {
  timeout: 120_000,
}, async (t) => {
  const site = await startSuggesting(t, {
    policy: {
      rules: [{ name: 'no-danger', targets: ['witness/work'], when: 'args.nonce == "danger"', action: 'deny' }],
    },
  });
  const { gateway, suggest, execute, executions } = site;
  const code = async (body: object, headers: { [name: string]: string } = {}): Promise<unknown> =>
    (await execute(body, { headers })).body.portcullis?.code;

  const danger = await suggest({ nonce: 'danger' });
  assert.equal(await code(danger.call), 'denied_by_policy');
  const fine = await suggest({ nonce: 'fine' });
  assert.equal(await code(fine.call, { 'x-portcullis-tools': 'witness/peek' }), 'unknown_tool');
  assert.equal(await code({ suggestion: fine.suggestion }, { 'x-portcullis-servers': 'everything' }), 'unknown_tool');
  // A refusal takes nothing away.
  assert.equal(await code(fine.call), undefined);
  assert.equal(executions('danger') + executions('fine'), 1);

  const nobody = await execute(fine.call, { key: 'pk-nobody-0123456789abcdef' });
  assert.equal(nobody.status, 401);
  assert.equal(
    (await fetch(`${gateway.url}/v1/mcp/tool/execute`, { headers: { 'x-portcullis-key': site.key } })).status,
    405,
  );

  await gateway.stop();
  const rows = (await readTrail(gateway.dataDir)).filter(({ suggestionId }) => suggestionId === fine.suggestion);
  const [made] = rows.filter(({ kind }) => kind === 'suggestion.made');
  const done = rows.find(({ kind, result }) => kind === 'tools.call' && result === 'ok');
  assert.deepEqual([done?.surface, done?.name, done?.runId], ['execute', 'witness__work', made?.runId]);
});
