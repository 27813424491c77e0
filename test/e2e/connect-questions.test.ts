/** A call for which its user has connected no account: the client is asked in the words it understands, and the call goes on. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { type ConnectSite, perUser, startConnectSite } from '../support/connect-site.ts';
import { waitFor } from '../support/wait-for.ts';

type Era = 'legacy' | 'modern';
interface Question {
  readonly mode: string;
  readonly message: string;
  readonly url: string;
  readonly elicitationId?: string;
}
type Reply = { readonly action: 'accept' | 'decline' | 'cancel' };

/** `onQuestion` undefined: it cannot open addresses. */
async function open(
  t: TestContext,
  site: ConnectSite,
  key: string,
  era: Era,
  onQuestion?: (question: Question) => Reply | Promise<Reply>,
): Promise<Client> {
  const client = new Client(
    { name: 'portcullis-test', version: '1.0.0' },
    {
      capabilities: onQuestion === undefined ? { elicitation: { form: {} } } : { elicitation: { url: {} } },
      versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } },
    },
  );
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    assert.ok(onQuestion, 'asked although it cannot be');
    return onQuestion(params as unknown as Question);
  });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${site.url}/mcp`), { requestInit }));
  t.after(() => client.close());
  return client;
}

const whoami = (client: Client) => client.callTool({ name: 'notes__whoami', arguments: {} });
type Result = Awaited<ReturnType<typeof whoami>>;
const textOf = (result: Result): string => (result.content as { text: string }[])[0]?.text ?? '';
const markOf = (value: { _meta?: object | undefined } | undefined): { [name: string]: unknown } | undefined =>
  (value?._meta as { [key: string]: { [name: string]: unknown } } | undefined)?.['portcullis.dev/connection'];

/** Grace has connected, so that there are tools. */
async function start(t: TestContext, server: Era) {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const accounts = await startAccountServer(t, server, tenant);
  // The paths of models exist only where there are some.
  const providers = { openai: { type: 'openai', baseUrl: 'http://127.0.0.1:9/v1', apiKey: 'sk-nobody' } };
  const site = await startConnectSite(t, { ...perUser({ notes: accounts.mcpUrl }), providers });
  const grace = await site.browserOf('grace');
  await site.connect(grace, 'notes', 'grace@notes');
  await waitFor('the tools', () => site.app.registry.current().get('notes')?.status().state === 'healthy');
  return { tenant, accounts, site, grace };
}

for (const server of ['legacy', 'modern'] as const) {
  for (const era of ['legacy', 'modern'] as const) {
    test(`${era} client, ${server} server: whoever has not connected is asked to, and the call goes on once that is done`, {
      timeout: 60_000,
    }, async (t) => {
      const { site, accounts } = await start(t, server);
      const asked: Question[] = [];
      const ended: unknown[] = [];
      let connecting: Promise<unknown> | undefined;
      const client = await open(t, site, site.keys.ada, era, async (question) => {
        asked.push(question);
        const ada = await site.browserOf('ada');
        // The client only says that the page was opened.
        connecting = site.connect(ada, 'notes', 'ada@notes', question.url);
        return { action: 'accept' };
      });
      client.setNotificationHandler('notifications/elicitation/complete', ({ params }) => void ended.push(params));
      assert.deepEqual(markOf((await client.listTools()).tools.find(({ name }) => name === 'notes__whoami')), {
        state: 'connection_required',
      });
      const result = await whoami(client);
      assert.equal(textOf(result), 'ada@notes', JSON.stringify(result));
      await connecting;
      assert.equal(asked.length, 1);
      const [question] = asked;
      assert.equal(question?.mode, 'url');
      assert.ok(question?.url.startsWith(`${site.url}/connect/notes?for=`), question?.url);
      if (era === 'legacy') {
        await waitFor('the end of the question', () => ended.length === 1);
        assert.deepEqual(ended, [{ elicitationId: question?.elicitationId }]);
      }
      assert.equal(markOf((await client.listTools()).tools.find(({ name }) => name === 'notes__whoami')), undefined);
      assert.equal(textOf(await whoami(client)), 'ada@notes');
      assert.equal(asked.length, 1, 'asked again');
      assert.equal(accounts.sharedSessions, 0);
    });
  }
}

for (const era of ['legacy', 'modern'] as const) {
  test(`${era} client: who declines, or cannot open addresses, gets a result with the link, and the server is not called`, {
    timeout: 60_000,
  }, async (t) => {
    const { site, accounts } = await start(t, 'modern');
    const before = accounts.callers.length;
    for (const onQuestion of [() => ({ action: 'decline' }) as const, undefined]) {
      const client = await open(t, site, site.keys.ada, era, onQuestion);
      const result = await whoami(client);
      assert.equal(result.isError, true);
      const mark = markOf(result);
      assert.equal(mark?.code, 'connection_required');
      assert.equal(mark?.server, 'notes');
      assert.ok(textOf(result).includes(String(mark?.url)), textOf(result));
    }
    const robot = await open(t, site, site.keys.robot, era);
    const refused = await whoami(robot);
    assert.deepEqual([refused.isError, markOf(refused)?.code], [true, 'user_required']);
    assert.deepEqual(markOf((await robot.listTools()).tools[0]), { state: 'user_required' });
    assert.equal(accounts.callers.length, before);
  });
}

test('a link connects nobody but the user whose call it was made for, and opens nothing by itself', async (t) => {
  const { site, grace, accounts } = await start(t, 'modern');
  const client = await open(t, site, site.keys.ada, 'modern');
  const url = String(markOf(await whoami(client))?.url);

  const nobody = await fetch(url, { redirect: 'manual' });
  assert.equal(nobody.status, 303);
  assert.match(nobody.headers.get('location') ?? '', /^\/login\?next=%2Fconnect%2Fnotes%3Ffor%3D/);

  const page = await grace.get(url);
  assert.equal(page.status, 403);
  assert.match(page.text, /made for somebody else’s call, and you are signed in as grace/);
  // Nor with a form that is made to look right.
  const own = await grace.get(`${site.url}/connect/notes`);
  const sent = await grace.submit(own, '/connect/notes', { for: new URL(url).searchParams.get('for') ?? '' });
  assert.equal(sent.status, 403);

  const changed = new URL(url);
  changed.searchParams.set('for', `${changed.searchParams.get('for')?.slice(0, -2)}xx`);
  assert.equal((await grace.get(changed.href)).status, 410);

  const ada = await site.browserOf('ada');
  assert.equal((await ada.get(url)).status, 200);
  assert.equal((await whoami(client)).isError, true, 'looking connects nothing');
  assert.match((await site.connect(ada, 'notes', 'ada@notes', url)).text, /is connected/);
  assert.equal(textOf(await whoami(client)), 'ada@notes');
  assert.deepEqual([...new Set(accounts.callers)], ['ada@notes']);
});

test('a sign-in that somebody else began connects nothing to anybody', async (t) => {
  const { site, grace, tenant } = await start(t, 'modern');
  const ada = await site.browserOf('ada');
  const back = await site.approve(ada, 'notes', 'ada@notes');
  const codes = () => tenant.grants.filter((grant) => grant === 'authorization_code').length;
  const before = codes();
  const page = await grace.get(back);
  assert.equal(page.status, 403);
  assert.match(page.text, /Somebody else began this sign-in/);
  // It is void now, for its owner, too.
  assert.equal((await ada.get(back)).status, 400);
  assert.equal(codes(), before, 'the code was used');
  const client = await open(t, site, site.keys.grace, 'modern');
  assert.equal(textOf(await whoami(client)), 'grace@notes');
});

test('whoever carries a call out over HTTP gets the link in words', async (t) => {
  const { site } = await start(t, 'legacy');
  const execute = async () => {
    const answer = await fetch(`${site.url}/v1/mcp/tool/execute`, {
      method: 'POST',
      headers: { authorization: `Bearer ${site.keys.ada}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'call_1', type: 'function', function: { name: 'notes__whoami', arguments: '{}' } }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const refused = await execute();
  assert.match(refused.text, /connection_required/);
  const url = /http:[^ "]+\/connect\/notes\?for=[\w.~%-]+/.exec(refused.text)?.[0] ?? assert.fail(refused.text);
  await site.connect(await site.browserOf('ada'), 'notes', 'ada@notes', url);
  const done = await execute();
  assert.equal(done.status, 200, done.text);
  assert.match(done.text, /ada@notes/);
});

for (const era of ['legacy', 'modern'] as const) {
  test(`${era} client: an account is connected before somebody is asked to approve the call, and the call is made once`, {
    timeout: 60_000,
  }, async (t) => {
    const tenant = await startTenant(t, { type: 'dynamic' });
    const accounts = await startAccountServer(t, 'modern', tenant);
    const rule = { name: 'look-first', action: 'ask', targets: ['notes/note'] };
    const site = await startConnectSite(t, { ...perUser({ notes: accounts.mcpUrl }), policy: { rules: [rule] } });
    await site.connect(await site.browserOf('grace'), 'notes', 'grace@notes');
    await waitFor('the tools', () => site.app.registry.current().get('notes')?.status().state === 'healthy');
    const client = new Client(
      { name: 'portcullis-test', version: '1.0.0' },
      {
        capabilities: { elicitation: { url: {}, form: {} } },
        versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } },
      },
    );
    const asked: string[] = [];
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      const { mode = 'form', url } = params as { mode?: string; url?: string };
      asked.push(mode);
      if (url === undefined) return { action: 'accept', content: { decision: 'approve' } };
      await site.connect(await site.browserOf('ada'), 'notes', 'ada@notes', url);
      return { action: 'accept' };
    });
    const requestInit = { headers: { authorization: `Bearer ${site.keys.ada}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${site.url}/mcp`), { requestInit }));
    t.after(() => client.close());
    const result = await client.callTool({ name: 'notes__note', arguments: { text: 'once' } });
    assert.equal(textOf(result), 'once', JSON.stringify(result));
    assert.deepEqual(asked, ['url', 'form']);
    assert.deepEqual(accounts.notes.get('ada@notes'), ['once']);
  });
}
