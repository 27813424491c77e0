/** Rules on calls with the real gateway: the same for clients of both eras, changed while calls are under way, in the trail. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectStreamableV1 } from '../support/clients.ts';
import { readTrail, startGateway } from '../support/gateway.ts';
import { isOk } from '../support/load.ts';
import { callTool, listToolNames } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_policy_0123456789abcdef';
const DENIED = -31420;
const ASKED = -31421;

/** The result of a call that waits for a person. */
const isAsked = ({ isError, _meta }: { readonly isError?: unknown; readonly _meta?: unknown }): boolean =>
  isError === true && JSON.stringify(_meta ?? {}).includes('"code":"approval_required"');

test('rules hold for clients of both eras, follow the file while calls are under way, and stand in the trail', {
  timeout: 90_000,
}, async (t) => {
  const log = join(await createTempDir(t), 'witness.jsonl');
  const base = { mcpServers: { w: witnessEntry(log) }, keys: [{ name: 'e2e', value: KEY, allow: ['*'] }] };
  const noSleep = {
    name: 'no-sleep',
    action: 'deny',
    targets: ['w/work'],
    when: 'has(args.sleepMs) && args.sleepMs > 5000',
  };
  const policy = {
    rules: [noSleep, { name: 'ask-first', action: 'ask', targets: ['w/work'], when: "args.nonce == 'ask'" }],
  };
  const gateway = await startGateway(t, { config: { ...base, policy } });
  await gateway.healthy('w');
  const headers = { authorization: `Bearer ${KEY}` };
  const legacy = await connectStreamableV1({ url: gateway.mcpUrl, headers, home: '' });
  t.after(() => legacy.close());
  const legacyCall = async (args: object): Promise<number | undefined> => {
    const answer = await legacy.callTool('w__work', args);
    if ('error' in answer) return answer.error.code;
    return isAsked(answer.result) ? ASKED : 0;
  };

  const denied = { nonce: randomUUID(), sleepMs: 6000 };
  const modern = await callTool(gateway, KEY, 'w__work', denied);
  assert.deepEqual([modern.error?.code, modern.error?.data], [DENIED, { rule: 'no-sleep', verdict: 'deny' }]);
  assert.deepEqual(await legacyCall(denied), DENIED);
  assert.ok(isAsked((await callTool(gateway, KEY, 'w__work', { nonce: 'ask' })).result ?? {}));
  assert.equal(await legacyCall({ nonce: 'ask' }), ASKED);
  assert.ok(isOk(await callTool(gateway, KEY, 'w__work', { nonce: randomUUID() })));
  assert.equal(await legacyCall({ nonce: randomUUID() }), 0);

  const nonce = randomUUID();
  const underWay = callTool(gateway, KEY, 'w__work', { nonce, sleepMs: 3000 });
  await waitFor('the call to begin', () => readWitness(log).some((entry) => entry.nonce === nonce));
  const seen = gateway.stderr().length;
  const bad = { rules: [{ ...noSleep, when: 'args.sleepMs >' }] };
  await gateway.writeConfig({ ...base, policy: bad });
  await waitFor('a word about the bad rule', () => /policy\.rules\[0\]\.when/.test(gateway.stderr().slice(seen)));
  assert.equal((await callTool(gateway, KEY, 'w__work', denied)).error?.code, DENIED, 'the old rules stay');
  await gateway.writeConfig({ ...base, policy: { rules: [{ name: 'closed', action: 'deny', targets: ['w/work'] }] } });
  await waitFor('the tool to be hidden', async () => !(await listToolNames(gateway, KEY)).includes('w__work'));
  assert.deepEqual(
    (await legacy.listTools()).map(({ name }) => name),
    ['w__peek'],
  );
  assert.equal((await callTool(gateway, KEY, 'w__work', { nonce: 'x' })).error?.code, -32602);
  assert.ok(isOk(await underWay), 'the call under way ended under the rules it began with');

  await gateway.writeConfig(base);
  await waitFor('the tool to be back', async () => (await listToolNames(gateway, KEY)).includes('w__work'));
  const rows = (await readTrail(gateway.dataDir)).filter((row) => row.policy !== undefined);
  assert.deepEqual(
    rows.map(({ result, error, policy }) => [result, error, policy?.verdict, policy?.rule]),
    [
      ['refused', 'denied_by_policy', 'deny', 'no-sleep'],
      ['refused', 'denied_by_policy', 'deny', 'no-sleep'],
      ['refused', 'approval_required', 'ask', 'ask-first'],
      ['refused', 'approval_required', 'ask', 'ask-first'],
      ['refused', 'denied_by_policy', 'deny', 'no-sleep'],
      ['refused', 'unknown_tool', 'deny', 'closed'],
    ],
  );
  const executed = readWitness(log).filter(({ event }) => event === 'executed');
  assert.equal(executed.length, 3, 'nothing refused ever reached the server');
});
