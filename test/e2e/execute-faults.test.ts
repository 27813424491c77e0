/** What was begun is carried out once, whatever happens to the caller, the gateway or the tool meanwhile. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { startSuggesting } from '../support/suggesting-gateway.ts';
import { waitFor } from '../support/wait-for.ts';

test('a caller that hung up hears by asking again how it ended, and nothing is done twice', {
  timeout: 120_000,
}, async (t) => {
  const { suggest, execute, begun, executions } = await startSuggesting(t);
  const { call, suggestion } = await suggest({ nonce: 'dropped', sleepMs: 1_500 });
  const caller = new AbortController();
  const dropped = execute(call, { signal: caller.signal });
  await waitFor('the tool to be at work', () => begun('dropped') === 1);
  caller.abort();
  await assert.rejects(dropped);
  // While it runs still, and once it is over.
  const again = await execute(call);
  assert.deepEqual([again.status, again.body.content], [200, 'done dropped']);
  assert.equal((await execute({ suggestion })).text, again.text);
  assert.deepEqual([begun('dropped'), executions('dropped')], [1, 1]);
});

test('after a kill -9 in the middle of it nobody knows how it ended, and it is not tried again', {
  timeout: 120_000,
}, async (t) => {
  const { gateway, config, suggest, execute, begun, executions, key } = await startSuggesting(t);
  const { call, suggestion } = await suggest({ nonce: 'killed', sleepMs: 500 });
  const { call: later } = await suggest({ nonce: 'later' });
  const dying = execute(call).catch(() => undefined);
  await waitFor('the tool to be at work', () => begun('killed') === 1);
  await gateway.kill9();
  await dying;

  const second = await startGateway(t, { config, dataDir: gateway.dataDir });
  await second.healthy();
  const ask = async (body: object): Promise<{ readonly status: number; readonly code: string | undefined }> => {
    const answer = await fetch(`${second.url}/v1/mcp/tool/execute`, {
      method: 'POST',
      headers: { 'x-portcullis-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const said = (await answer.json()) as { readonly portcullis?: { readonly code: string } };
    return { status: answer.status, code: said.portcullis?.code };
  };
  assert.deepEqual(await ask(call), { status: 502, code: 'outcome_unknown' });
  assert.deepEqual(await ask({ suggestion }), { status: 502, code: 'outcome_unknown' });
  assert.equal(begun('killed'), 1);
  // What nobody had begun can be carried out still.
  assert.deepEqual(await ask(later), { status: 200, code: undefined });
  assert.equal(executions('later'), 1);
});

test('a tool that fails is a message for the model; one that takes too long or answers too much is told, and kept', {
  timeout: 120_000,
}, async (t) => {
  const { suggest, execute, post, begun } = await startSuggesting(t, {
    serverOptions: { witness: { callTimeoutMs: 1_000 } },
  });
  const failing = await suggest({ nonce: 'failing', answer: 'error' });
  const failed = await execute(failing.call);
  assert.deepEqual([failed.status, failed.body.content], [200, 'done failing']);
  assert.equal(failed.headers.get('x-portcullis-status'), 'tool-error');
  const asAnthropic = await post('/v1/mcp/tool/execute?format=anthropic', { suggestion: failing.suggestion });
  assert.deepEqual(asAnthropic.body, {
    type: 'tool_result',
    tool_use_id: failing.call.id,
    content: [{ type: 'text', text: 'done failing' }],
    is_error: true,
  });

  const slow = await suggest({ nonce: 'slow', sleepMs: 2_000 });
  const timedOut = await execute(slow.call);
  assert.deepEqual([timedOut.status, timedOut.body.portcullis.code], [504, 'upstream_timeout']);
  const askedAgain = await execute(slow.call);
  assert.deepEqual([askedAgain.status, askedAgain.body.portcullis.code], [502, 'outcome_unknown']);
  assert.equal(begun('slow'), 1);

  const huge = await suggest({ nonce: 'huge', answer: 'huge' });
  const whole = await execute(huge.call);
  assert.deepEqual([whole.status, whole.body.content.length], [200, 5_000_000]);
  assert.equal((await execute({ suggestion: huge.suggestion })).text, whole.text);
  assert.equal(begun('huge'), 1);
});

test('what is too old is not carried out', { timeout: 120_000 }, async (t) => {
  const { gateway, suggest, execute, begun } = await startSuggesting(t);
  const { call, suggestion } = await suggest({ nonce: 'old' });
  const db = new DatabaseSync(join(gateway.dataDir, 'portcullis.db'), { timeout: 10_000 });
  db.prepare('UPDATE suggestions SET expires_at_ms = ? WHERE id = ?').run(Date.now() - 1, suggestion);
  db.close();
  const { status, body } = await execute(call);
  assert.deepEqual([status, body.portcullis.code], [410, 'suggestion_expired']);
  assert.equal(begun('old'), 0);
});
