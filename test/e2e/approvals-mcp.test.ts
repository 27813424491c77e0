/** A rule asks for a person: MCP clients that can ask one do, for others the call waits; each is carried out once, by the server's own log. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Approval } from '../../src/contracts/approvals.ts';
import { openApprovalStore } from '../../src/platform/stores/sqlite/approvals.ts';
import { readTrail, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

type Question = { readonly message: string };
type Reply = {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: { readonly [name: string]: string };
};

interface Site {
  readonly gateway: StartedGateway;
  executed(nonce: string): number;
  restart(): Promise<void>;
}

async function start(t: TestContext, approvals: object = {}): Promise<Site> {
  const folder = await createTempDir(t);
  const logFile = join(folder, 'witness.log');
  const config = {
    mcpServers: { desk: witnessEntry(logFile) },
    policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['desk/work'], message: 'it cannot be undone' }] },
    approvals,
  };
  const first = await startGateway(t, { config });
  await first.healthy();
  let gateway = first;
  return {
    get gateway() {
      return gateway;
    },
    executed: (nonce) => readWitness(logFile).filter((e) => e.event === 'executed' && e.nonce === nonce).length,
    async restart() {
      await gateway.kill9();
      gateway = { ...(await startGateway(t, { config, dataDir: first.dataDir })), key: first.key };
      await gateway.healthy();
    },
  };
}

/** `onQuestion` undefined: it cannot ask anybody. */
async function connect(
  t: TestContext,
  { gateway }: Site,
  era: 'legacy' | 'modern',
  onQuestion?: (question: Question) => Reply,
): Promise<Client> {
  const client = new Client(
    { name: 'portcullis-test', version: '1.0.0' },
    {
      capabilities: onQuestion === undefined ? {} : { elicitation: { form: {} } },
      versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } },
    },
  );
  if (onQuestion !== undefined)
    client.setRequestHandler('elicitation/create', async ({ params }) => onQuestion(params as Question));
  const requestInit = { headers: { authorization: `Bearer ${gateway.key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), { requestInit }));
  t.after(() => client.close());
  return client;
}

const work = (client: Client, nonce: string) => client.callTool({ name: 'desk__work', arguments: { nonce } });
type Result = Awaited<ReturnType<typeof work>>;

function pendingOf(result: Result): { readonly approvalId: string; readonly code: string } {
  assert.equal(result.isError, true);
  return result._meta?.['portcullis/approval'] as { approvalId: string; code: string };
}

async function decide(site: Site, id: string, change: (approval: Approval) => Approval): Promise<void> {
  const store = openApprovalStore({ dataDir: site.gateway.dataDir });
  const approval = await store.find(id);
  assert.ok(approval);
  assert.equal(await store.replace(change(approval), approval.version), true);
  await store[Symbol.asyncDispose]();
}

const OPERATOR = { type: 'operator', id: 'operator', name: 'operator' } as const;
const approved = (approval: Approval): Approval => ({
  ...approval,
  state: 'approved',
  votes: [{ approver: OPERATOR, via: 'cli', atMs: Date.now(), vote: 'approve', reason: undefined }],
});
const rejected = (approval: Approval): Approval => ({
  ...approval,
  state: 'rejected',
  votes: [{ approver: OPERATOR, via: 'cli', atMs: Date.now(), vote: 'reject', reason: 'not today' }],
});

for (const era of ['legacy', 'modern'] as const) {
  test(`${era}: who can ask a person does, and what is approved there is carried out`, {
    timeout: 60_000,
  }, async (t) => {
    const site = await start(t);
    const asked: Question[] = [];
    const yes = await connect(t, site, era, (question) => {
      asked.push(question);
      return { action: 'accept', content: { decision: 'approve' } };
    });
    const result = await work(yes, 'one');
    assert.notEqual(result.isError, true, JSON.stringify(result));
    assert.equal(site.executed('one'), 1);
    assert.equal(asked.length, 1);
    assert.match(
      asked[0]?.message ?? '',
      /"work" of the server "desk".*"nonce":"one"[\s\S]*"look-first".*cannot be undone/,
    );
    const no = await connect(t, site, era, () => ({
      action: 'accept',
      content: { decision: 'reject', reason: 'why?' },
    }));
    const refused = await work(no, 'two');
    assert.equal(pendingOf(refused).code, 'approval_rejected');
    assert.match(JSON.stringify(refused.content), /why\?/);
    const silent = await connect(t, site, era, () => ({ action: 'cancel' }));
    assert.equal(pendingOf(await work(silent, 'three')).code, 'approval_required');
    assert.deepEqual(['two', 'three'].map(site.executed), [0, 0]);
    await waitFor('the rows to be folded', async () =>
      (await readTrail(site.gateway.dataDir)).some(({ error }) => error === 'approval_required'),
    );
    assert.match(
      await runCli('audit', 'verify', '--data', site.gateway.dataDir),
      /The trail is what was written[\s\S]*carried out: 1 by approval\./,
    );
  });

  test(`${era}: for who cannot, the call waits under one id, and goes on once, also after a kill -9`, {
    timeout: 60_000,
  }, async (t) => {
    const site = await start(t);
    const client = await connect(t, site, era);
    const { approvalId, code } = pendingOf(await work(client, 'later'));
    assert.equal(code, 'approval_required');
    assert.equal(pendingOf(await work(client, 'later')).approvalId, approvalId, 'one approval for one call');
    assert.notEqual(pendingOf(await work(client, 'other')).approvalId, approvalId);
    await decide(site, approvalId, approved);
    await site.restart();
    const again = await connect(t, site, era);
    assert.notEqual((await work(again, 'later')).isError, true);
    assert.equal(site.executed('later'), 1);
    assert.notEqual(pendingOf(await work(again, 'later')).approvalId, approvalId, 'an approval is good for one call');
    assert.equal(site.executed('later'), 1);
    const { approvalId: otherId } = pendingOf(await work(again, 'other'));
    await decide(site, otherId, rejected);
    const refused = await work(again, 'other');
    assert.equal(pendingOf(refused).code, 'approval_rejected');
    assert.match(JSON.stringify(refused.content), /not today/);
    assert.equal(site.executed('other'), 0);
    await waitFor('the rows to be folded', async () =>
      (await readTrail(site.gateway.dataDir)).some(({ error }) => error === 'approval_rejected'),
    );
    const rows = await readTrail(site.gateway.dataDir);
    const carried = rows.filter(
      ({ kind, result, target }) => kind === 'tools.call' && result === 'ok' && target === 'work',
    );
    assert.deepEqual(
      carried.map(({ authority }) => authority),
      [`approval:${approvalId}`],
    );
    assert.ok(rows.some(({ kind, suggestionId }) => kind === 'approval.requested' && suggestionId !== undefined));
    // This test wrote its decision into the store behind the gateway's back, so nobody ever gave that approval.
    const { stdout } = (await runCli('audit', 'verify', '--data', site.gateway.dataDir).catch((e: unknown) => e)) as {
      stdout: string;
    };
    assert.match(stdout, /The trail is what was written/);
    assert.match(stdout, new RegExp(`approval:${approvalId}\\s+there is no word of the approval before it`));
  });
}

test('under four eyes whoever sits at the client is not asked', { timeout: 60_000 }, async (t) => {
  const site = await start(t, { fourEyes: true });
  const client = await connect(t, site, 'legacy', () => assert.fail('it was asked'));
  assert.equal(pendingOf(await work(client, 'one')).code, 'approval_required');
});

test('a standing approval lets by what it is about, until then, and nothing else', { timeout: 60_000 }, async (t) => {
  const site = await start(t);
  const client = await connect(t, site, 'modern');
  pendingOf(await work(client, 'docs-1'));
  const cli = (...args: string[]) =>
    runCli('approvals', 'standing', ...args, '--data', site.gateway.dataDir, '--config', site.gateway.configFile);
  const about = ['--tool', 'desk/work', '--when', 'args.nonce.startsWith("docs-")'];
  const id = (await cli('add', '--name', 'docs', ...about, '--for', '1h')).trim();
  assert.match(await cli('list'), new RegExp(`${id}.*docs.*desk/work`));
  for (const [bad, said] of [
    [['--tool', 'desk/'], /names nothing after/],
    [['--tool', 'desk/work', '--when', 'args.'], /--when, character/],
    [['--tool', 'desk/work', '--for', '400d'], /--for is more than a year away/],
  ] as const)
    await assert.rejects(cli('add', '--name', 'x', '--for', '1h', ...bad), said);
  await assert.rejects(
    cli('add', '--name', 'x', '--tool', 'desk/work', '--for', '1970-01-01T00:00:00Z'),
    /--for wants/,
  );
  await waitFor('it to be in force', async () => (await work(client, 'docs-2')).isError !== true);
  assert.notEqual((await work(client, 'docs-1')).isError, true);
  assert.equal(pendingOf(await work(client, 'other-1')).code, 'approval_required');
  await cli('remove', 'docs');
  let n = 3;
  await waitFor('it to be over', async () => (await work(client, `docs-${n++}`)).isError === true);
});
