import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Level } from '../contracts/caller.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';

const offer = offerOf({ tools: [{ name: 'read' }, { name: 'write' }] });
const team = (allow: string[], deny: string[] = []): Level => ({
  ...{ type: 'team', id: 'team_1', name: 'crew', limits: undefined },
  grant: { allow, deny },
});

test('what a team may not use does not exist for its keys, whatever they say themselves', async () => {
  const { call, keys, gateway } = createHarness({ files: offer, git: offer });
  keys.add('bounded', { allow: ['*'], deny: [] }, { levels: [team(['files'], ['*/write'])] });
  gateway.refreshKeys();
  assert.equal((await call('tools.call', { key: 'bounded', name: 'files__read' })).type, 'result');
  for (const name of ['files__write', 'git__read'])
    await assert.rejects(call('tools.call', { key: 'bounded', name }), { code: 'unknown_tool' });
  await assert.rejects(call('tools.list', { key: 'bounded', endpoint: 'git' }), { code: 'unknown_server' });
  const listed = JSON.parse((await call('tools.list', { key: 'bounded' })).text);
  assert.deepEqual(
    listed.tools.map((tool: { name: string }) => tool.name),
    ['files__read'],
  );
});

test('a request that narrows stays within the bounds of the team, and gets nothing by naming more', async () => {
  const { call, keys, gateway } = createHarness({ files: offer, git: offer });
  keys.add('bounded', { allow: ['*'], deny: [] }, { levels: [team(['files'])] });
  gateway.refreshKeys();
  const narrowing = { servers: ['git', 'files'], tools: ['*/read'] };
  assert.equal((await call('tools.call', { key: 'bounded', name: 'files__read', narrowing })).type, 'result');
  for (const name of ['git__read', 'files__write'])
    await assert.rejects(call('tools.call', { key: 'bounded', name, narrowing }), { code: 'unknown_tool' });
  assert.equal((await call('tools.call', { name: 'git__read', narrowing })).type, 'result', 'others are not touched');
});

test('a toolset that a key names opens nothing its team may not use', async () => {
  const entry = (server: string) => ({ source: `${server}/*`, server, name: '*', own: {} });
  const named = { name: 'both', description: undefined, instructions: undefined, prompts: [], resources: [] };
  const toolsets = [{ ...named, tools: [entry('files'), entry('git')] }];
  const { call, keys, gateway } = createHarness({ files: offer, git: offer }, { config: { toolsets } });
  keys.add('bounded', { allow: [], deny: [], toolsets: ['both'] }, { levels: [team(['files'])] });
  gateway.refreshKeys();
  const listed = JSON.parse((await call('tools.list', { key: 'bounded', endpoint: 't/both' })).text);
  const names = listed.tools.map((tool: { name: string }) => tool.name);
  assert.deepEqual(names.toSorted(), ['files__read', 'files__write']);
});
