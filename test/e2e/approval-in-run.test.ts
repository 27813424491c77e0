/** A run of agent mode waits for a person in the midst of its stream, and goes on with what was approved, once. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import OpenAI from 'openai';
import { readTrail, runCli, startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEY = 'pck_approval_run_0123456789abcdef';

interface Told {
  readonly type: string;
  readonly [member: string]: unknown;
}

for (const how of ['approve', 'edit', 'reject'] as const)
  test(`a person decides in the midst of a stream: ${how}`, { timeout: 120_000 }, async (t) => {
    const mock = await startOpenAiMock();
    t.after(() => mock[Symbol.asyncDispose]());
    const logFile = join(await createTempDir(t), 'witness.log');
    const gateway = await startGateway(t, {
      config: {
        mcpServers: { desk: witnessEntry(logFile) },
        policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['desk/work'] }] },
        providers: { o: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream' } },
        models: { toolMode: 'classic' },
        keys: [{ name: 'helper', value: KEY, allow: ['*'], agent: { mode: 'on', auto: ['desk/*'] } }],
      },
    });
    await gateway.healthy();
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
    const stream = await openai.chat.completions.create({
      model: 'o/gpt-5.2',
      stream: true,
      messages: [{ role: 'user', content: '!say Working.\n!call desk__work {"nonce":"asked"}' }],
    });
    const told: Told[] = [];
    let text = '';
    let finish = '';
    const reading = (async () => {
      for await (const chunk of stream) {
        const { portcullis } = chunk as { portcullis?: Told };
        if (portcullis !== undefined) told.push(portcullis);
        text += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
      }
    })();
    await waitFor('the run to wait for a person', () => told.some(({ type }) => type === 'approval.awaited'));
    assert.deepEqual(
      readWitness(logFile).filter(({ event }) => event === 'executed'),
      [],
    );
    const listed = JSON.parse(
      await runCli('approvals', 'list', '--json', '--data', gateway.dataDir, '--config', gateway.configFile),
    );
    const [{ id }] = Array.isArray(listed) ? listed : listed.items;
    const edits = how === 'edit' ? ['--arguments', '{"nonce":"edited"}'] : [];
    const verb = how === 'reject' ? ['reject', id, '--reason', 'not like this'] : ['approve', id, '--yes', ...edits];
    await runCli('approvals', ...verb, '--data', gateway.dataDir, '--config', gateway.configFile);
    await reading;
    assert.equal(finish, 'stop', text);
    const executed = readWitness(logFile).filter(({ event }) => event === 'executed');
    const expected = { approve: ['asked'], edit: ['edited'], reject: [] }[how];
    assert.deepEqual(
      executed.map(({ nonce }) => nonce),
      expected,
    );
    assert.match(text, how === 'reject' ? /not like this/ : /^Working\./);
    const proof = await runCli('audit', 'verify', '--data', gateway.dataDir, '--config', gateway.configFile);
    assert.match(proof, /The trail is what was written/);
    if (how !== 'reject') assert.match(proof, /1 by approval/);
    const rows = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'chat' || kind === 'tools.call');
    const [outer] = rows.filter(({ parentId }) => parentId === undefined);
    assert.equal(new Set(rows.map(({ traceId }) => traceId)).size, 1, 'one trace over rounds and tools');
    assert.ok(rows.every(({ id, runId }) => (runId ?? id) === outer?.id));
  });
