/** Skills of two servers with equal URIs through the gateway, judged by the official client, which checks every digest. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills';
import { ROOT, startGateway } from '../support/gateway.ts';
import { stdioEntry } from '../support/real-servers.ts';

const ALL = 'pck_e2e_skills_0123456789abcdef';
const ONE = 'pck_e2e_skills_fedcba9876543210';

test('skills are listed, got and read from the server they belong to [MCP-SKILLS]', { timeout: 60_000 }, async (t) => {
  const server = join(ROOT, 'test/support/skills-server.ts');
  const gateway = await startGateway(t, {
    config: {
      mcpServers: {
        anna: stdioEntry(server, ['anna']),
        ben_2: stdioEntry(server, ['ben']),
      },
      toolsets: { greetings: { resources: ['ben_2/skill://*'] } },
      keys: [
        { name: 'all', value: ALL, allow: ['*'] },
        { name: 'one', value: ONE, allow: ['anna'], toolsets: ['greetings'] },
      ],
    },
  });
  await gateway.healthy();
  const connect = async (path: string, key: string, mode: 'legacy' | { pin: string }) => {
    const client = new Client({ name: 'portcullis-test', version: '1.0.0' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${key}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}${path}`), { requestInit }));
    t.after(() => client.close());
    return new SkillsClient(client);
  };
  for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
    const all = await connect('/mcp', ALL, mode);
    assert.ok(all.supported);
    const { skills } = await all.list();
    assert.deepEqual(
      skills.map((skill) => [skill.uri, skill.frontmatter.description]),
      [
        ['skill://anna/greet/SKILL.md', 'Greets in the name of anna'],
        ['skill://ben.2/greet/SKILL.md', 'Greets in the name of ben'],
      ],
    );
    for (const skill of skills) {
      assert.deepEqual((await all.get(skill.uri)).skill.uri, skill.uri);
      const file = await all.read(skill);
      assert.ok(file.verified);
      assert.ok(file.body?.includes(skill.uri.includes('anna') ? 'anna sends' : 'ben sends'));
    }
    const one = await connect('/mcp', ONE, mode);
    assert.deepEqual((await one.list()).skills.length, 1);
    await assert.rejects(one.get('skill://ben.2/greet/SKILL.md'), /not found/i);
    const greetings = await connect('/mcp/t/greetings', ONE, mode);
    assert.deepEqual(
      (await greetings.list()).skills.map((skill) => skill.uri),
      ['skill://ben.2/greet/SKILL.md'],
    );
    const own = await connect('/mcp/anna', ALL, mode);
    assert.deepEqual(
      (await own.list()).skills.map((skill) => skill.uri),
      ['skill://greet/SKILL.md'],
    );
  }
});
