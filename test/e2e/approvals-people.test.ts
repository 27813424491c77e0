/** People decide about calls that wait: at the command line and by the admin API of a gateway that runs, over the same store. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Approval } from '../../src/contracts/approvals.ts';
import { openSealing } from '../../src/platform/sealing/open-sealing.ts';
import { openApprovalStore } from '../../src/platform/stores/sqlite/approvals.ts';
import { approval } from '../support/approval-store-suite.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

const ARGUMENTS = '{"path": "a\u202etxt.exe", "size": 1.0}';

test('a call that waits is looked at, approved with other arguments, or rejected, once, and the trail says by whom', {
  timeout: 120_000,
}, async (t) => {
  const gateway = await startGateway(t, { config: {} });
  const where = ['--data', gateway.dataDir, '--config', gateway.configFile];
  const cli = (...args: string[]) => runCli(...args, ...where);
  const fails = (pattern: RegExp, ...args: string[]) =>
    assert.rejects(cli(...args), ({ stderr }: { stderr: string }) => pattern.test(stderr), args.join(' '));
  const tokens = {
    operator: (await cli('admin-tokens', 'create', '--name', 'olga', '--role', 'operator')).trim(),
    auditor: (await cli('admin-tokens', 'create', '--name', 'otto', '--role', 'auditor')).trim(),
  };
  const ask = async (
    method: string,
    path: string,
    body?: object,
    headers = {},
    as: 'operator' | 'auditor' = 'operator',
  ) => {
    const answer = await fetch(`${gateway.url}/api/v1${path}`, {
      method,
      headers: {
        ...{ authorization: `Bearer ${tokens[as]}`, ...headers },
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, etag: answer.headers.get('etag'), text, body: JSON.parse(text) };
  };

  const sealer = openSealing({ dataDir: gateway.dataDir, config: undefined, isShared: false }).forRecords;
  const store = openApprovalStore({ dataDir: gateway.dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const expiresAtMs = Date.now() + 600_000;
  const add = (id: string, change: Partial<Approval> = {}) =>
    store.add(
      approval(id, {
        ...{ requestedAtMs: Date.now(), expiresAtMs, ...change },
        sealedArguments: sealer.seal(ARGUMENTS, `approval arguments ${id}`),
      }),
    );
  for (const id of ['apr_a', 'apr_b', 'apr_c', 'apr_d']) await add(id);
  await add('apr_late', { expiresAtMs: 1 });
  await add('apr_two', { needed: 2, userId: undefined });

  // Looked at.
  assert.match(await cli('approvals'), /apr_a\t.*\tada\tfiles\/write\tpending\ttwo-eyes\n/);
  const shown = await cli('approvals', 'show', 'apr_a');
  assert.ok(shown.includes('{"path": "a\\u202etxt.exe", "size": 1.0}'), shown);
  const listed = await ask('GET', '/approvals?state=pending&key=key_1');
  assert.ok(listed.body.items.length >= 5, listed.text);
  assert.doesNotMatch(listed.text, /txt\.exe|sealed/);
  const seen = await ask('GET', '/approvals/apr_a');
  assert.deepEqual([seen.status, seen.body.arguments, seen.etag], [200, ARGUMENTS, '"1"'], seen.text);
  const audited = await ask('GET', '/approvals/apr_a', undefined, {}, 'auditor');
  assert.deepEqual([audited.status, audited.body.arguments], [200, null], audited.text);
  assert.equal((await ask('POST', '/approvals/apr_a/approve', {}, {}, 'auditor')).status, 403);

  // Approved as it is, by the API; nobody decides twice, and nobody about another version than they saw.
  assert.equal((await ask('POST', '/approvals/apr_a/approve', {}, { 'if-match': '"7"' })).status, 412);
  const again = { 'if-match': '"1"', 'idempotency-key': 'once' };
  const approved = await ask('POST', '/approvals/apr_a/approve', { reason: 'fine' }, again);
  assert.deepEqual([approved.status, approved.body.state, approved.etag], [200, 'approved', '"2"'], approved.text);
  assert.equal((await ask('POST', '/approvals/apr_a/approve', { reason: 'fine' }, again)).text, approved.text);
  assert.equal((await ask('POST', '/approvals/apr_a/reject', {})).status, 409);
  await fails(/it was decided already/, 'approvals', 'approve', 'apr_a', '--yes');
  await fails(/it was decided already/, 'approvals', 'approve', 'apr_late', '--yes');
  await fails(/there is no approval/, 'approvals', 'show', 'apr_none');

  // With other arguments, at the command line; without a terminal only with --yes.
  const other = '{"path":"b.txt","size":2.0}';
  await fails(/nothing was approved/, 'approvals', 'approve', 'apr_b', '--arguments', other);
  assert.equal((await store.find('apr_b'))?.state, 'pending');
  await fails(/one JSON object/, 'approvals', 'approve', 'apr_b', '--yes', '--arguments', '{"a":1,"a":2}');
  assert.match(await cli('approvals', 'approve', 'apr_b', '--yes', '--arguments', other), /^approved files__write/);
  const edited = await store.find('apr_b');
  assert.equal(edited?.edited && sealer.open(edited.edited.sealedArguments, 'approval arguments apr_b'), other);
  assert.deepEqual((await ask('GET', '/approvals/apr_b')).body.editedArguments, other);

  // Rejected, with the reason; by both ways.
  assert.match(await cli('approvals', 'reject', 'apr_c', '--reason', 'not on a Friday'), /^rejected/);
  assert.equal((await ask('POST', '/approvals/apr_d/reject', { reason: 'no' })).body.state, 'rejected');

  // Where it takes two, two different ones; and the second says which arguments they saw.
  const first = await ask('POST', '/approvals/apr_two/approve', { arguments: { path: 'c' } });
  assert.deepEqual([first.status, first.body.state, first.body.isEdited], [200, 'pending', true], first.text);
  assert.equal((await ask('POST', '/approvals/apr_two/approve', {})).status, 428);
  assert.equal((await ask('POST', '/approvals/apr_two/approve', {}, { 'if-match': '"2"' })).status, 409);
  assert.match(await cli('approvals', 'approve', 'apr_two', '--yes'), /^approved/);

  const trail = (await ask('GET', '/trail?run=run-1&limit=100')).body.items as { kind: string; arguments: string }[];
  const kinds = trail.map(({ kind }) => kind).sort();
  assert.deepEqual(kinds, [
    ...['approval.approved', 'approval.approved', 'approval.approved'],
    ...['approval.rejected', 'approval.rejected', 'approval.voted'],
  ]);
  const told = trail.map((row) => row.arguments).join('\n');
  assert.match(told, /"name":"olga"/);
  assert.match(told, /"via":"cli","reason":"not on a Friday"/);
  assert.doesNotMatch(told, /b\.txt|txt\.exe/);
});

test('webhooks are told of a call that waits and of what was decided, once, whoever did it, and never its arguments', {
  timeout: 120_000,
}, async (t) => {
  const heard: { readonly type: string; readonly text: string }[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8');
    let text = '';
    request.on('data', (piece: string) => {
      text += piece;
    });
    request.on('end', () => {
      heard.push({ type: JSON.parse(text).type, text });
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const events = ['approval.requested', 'approval.decided'];
  const gateway = await startGateway(t, {
    config: { webhooks: { chat: { url: `http://127.0.0.1:${port}/`, secret, events } } },
  });
  const store = openApprovalStore({ dataDir: gateway.dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const count = (type: string, id: string) =>
    heard.filter((each) => each.type === type && each.text.includes(id)).length;
  const add = (id: string, expiresAtMs: number) =>
    store.add(approval(id, { requestedAtMs: Date.now(), expiresAtMs, sealedArguments: 'sealed-arguments' }));

  await add('apr_a', Date.now() + 600_000);
  await waitFor('the request to be told', () => count('approval.requested', 'apr_a') === 1);
  await runCli('approvals', 'reject', 'apr_a', '--data', gateway.dataDir, '--config', gateway.configFile);
  await waitFor('the decision to be told', () => count('approval.decided', 'apr_a') === 1);
  const decided = heard.find(({ type }) => type === 'approval.decided')?.text ?? '';
  assert.match(decided, /"decision":"rejected"/);
  assert.match(decided, /\/api\/v1\/approvals\/apr_a"/);

  await add('apr_b', Date.now() + 600_000);
  await waitFor('the other request to be told', () => count('approval.requested', 'apr_b') === 1);
  await store.expire(Date.now() + 700_000, 10);
  await waitFor('that its time is over', () => count('approval.decided', 'apr_b') === 1);
  assert.deepEqual([count('approval.requested', 'apr_a'), count('approval.decided', 'apr_a')], [1, 1]);
  assert.doesNotMatch(heard.map(({ text }) => text).join(), /sealed/);
});
