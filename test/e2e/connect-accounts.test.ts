/** Servers that are called with an account of each user: from the first connection to calls that nobody else can make. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { connectStreamableV1, connectV2 } from '../support/clients.ts';
import { perUser, startConnectSite } from '../support/connect-site.ts';
import { waitFor } from '../support/wait-for.ts';

for (const era of ['legacy', 'modern'] as const) {
  test(`${era} server: calls of two users use their own tokens, and see their own accounts' data`, async (t) => {
    const tenant = await startTenant(t, { type: 'dynamic' });
    const server = await startAccountServer(t, era, tenant);
    const site = await startConnectSite(t, perUser({ notes: server.mcpUrl }));
    const healthy = () => site.app.registry.current().get('notes')?.status().state === 'healthy';
    await waitFor(
      'the server to want a sign-in',
      () => site.app.registry.current().get('notes')?.status().state === 'needs_auth',
    );

    const [ada, grace] = [await site.browserOf('ada'), await site.browserOf('grace')];
    const done = await site.connect(ada, 'notes', 'ada@notes');
    assert.match(done.text, /notes is connected/);
    await waitFor('the tools', healthy);
    assert.match((await site.connect(grace, 'notes', 'grace@notes')).text, /notes is connected/);
    assert.equal(tenant.requests.filter((each) => each === 'POST /reg').length, 1, 'registered once for all');

    for (const connect of [connectStreamableV1, connectV2('auto')]) {
      const clientOf = (key: string) =>
        connect({ url: `${site.url}/mcp`, headers: { authorization: `Bearer ${key}` }, home: '' });
      const clients = { ada: await clientOf(site.keys.ada), grace: await clientOf(site.keys.grace) };
      const call = async (who: 'ada' | 'grace', tool: string, args: object = {}): Promise<string> => {
        const answer = await clients[who].callTool(`notes__${tool}`, args);
        assert.ok('result' in answer, JSON.stringify(answer));
        return (answer.result.content as { text: string }[])[0]?.text ?? '';
      };
      assert.equal(await call('ada', 'whoami'), 'ada@notes');
      assert.equal(await call('grace', 'whoami'), 'grace@notes');
      const said = await Promise.all([
        ...[1, 2, 3].map((i) => call('ada', 'note', { text: `a${i}` })),
        ...[1, 2, 3].map((i) => call('grace', 'note', { text: `g${i}` })),
      ]);
      assert.ok(
        said.slice(0, 3).every((text) => !text.includes('g')) && said.slice(3).every((text) => !text.includes('a')),
      );
      for (const client of Object.values(clients)) await client.close();
    }
    assert.equal(server.sharedSessions, 0);

    const robot = await connectV2('auto')({
      url: `${site.url}/mcp`,
      headers: { authorization: `Bearer ${site.keys.robot}` },
      home: '',
    });
    const before = server.callers.length;
    const refused = await robot.callTool('notes__whoami', {});
    assert.match(JSON.stringify(refused), /belongs to none/);
    await robot.close();
    assert.equal(server.callers.length, before, 'nobody was called');
    for (const key of Object.values(site.keys))
      assert.ok(!server.sent.some((header) => header.includes(key)), 'a key of the gateway went to the server');
  });
}
