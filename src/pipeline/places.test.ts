import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CALL_KINDS } from '../contracts/call.ts';
import type { Grant, Level } from '../contracts/caller.ts';
import { MODEL_CALL_KINDS } from '../contracts/models.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';

const ALL: Grant = { allow: ['*'], deny: [] };
const from = (remoteAddress: string | undefined, ...forwardedFor: string[]) => ({ remoteAddress, forwardedFor });
const offer = offerOf({ tools: [{ name: 'read' }] });

function build(grant: Grant, levels?: readonly Level[], trustedProxies: string[] = []) {
  const harness = createHarness({ files: offer });
  const { listen } = harness.config();
  harness.gateway.swap(harness.config({ listen: { ...listen, trustedProxies } }));
  harness.keys.add('placed', grant, { ...(levels && { levels }) });
  harness.gateway.refreshKeys();
  return harness;
}

test('a key bound to networks is refused from elsewhere, whatever the kind of call, and nothing is called', async () => {
  const { call, servers, trail } = build({ ...ALL, networks: ['10.0.0.0/8'] });
  const name = 'files__read';
  assert.equal((await call('tools.call', { key: 'placed', name, client: from('10.1.2.3') })).type, 'result');
  assert.equal((await call('tools.call', { key: 'placed', name, client: from('::ffff:10.1.2.3') })).type, 'result');
  const models: readonly string[] = MODEL_CALL_KINDS;
  for (const kind of CALL_KINDS.filter((each) => !models.includes(each)))
    await assert.rejects(
      call(kind, { key: 'placed', name, client: from('192.0.2.1') }),
      { code: 'outside_network' },
      kind,
    );
  await assert.rejects(
    call('tools.call', { key: 'placed', name }),
    { code: 'outside_network' },
    'nobody knows from where',
  );
  assert.equal(servers.get('files')?.requests.length, 2);
  const last = trail.events.at(-1);
  assert.deepEqual([last?.keyId, last?.error], ['placed', 'outside_network']);
});

test('a team bounds networks and hours of its keys, and the refusal names it', async () => {
  const hours = [{ from: '08:00', to: '18:00', timeZone: 'UTC' }];
  const grant = { ...ALL, networks: ['10.0.0.0/8'], hours };
  const level: Level = { type: 'team', id: 'team_1', name: 'crew', grant, limits: undefined };
  const { call, keys } = build(ALL, [level]);
  const options = { key: 'placed', name: 'files__read', client: from('10.0.0.1') };
  keys.nowMs = Date.parse('2026-11-23T07:59:59Z');
  await assert.rejects(call('tools.call', options), {
    code: 'outside_hours',
    data: { level: 'team' },
    message: /"crew"/,
  });
  keys.nowMs = Date.parse('2026-11-23T08:00:00Z');
  assert.equal((await call('tools.call', options)).type, 'result');
  await assert.rejects(call('tools.call', { ...options, client: from('11.0.0.1') }), { code: 'outside_network' });
});

test('X-Forwarded-For is believed of proxies that are trusted, up to the first who is not', async () => {
  const { call } = build({ ...ALL, networks: ['203.0.113.0/24'] }, undefined, ['10.0.0.0/8']);
  const may = (client: ReturnType<typeof from>) =>
    call('tools.call', { key: 'placed', name: 'files__read', client }).then(
      () => true,
      (error) => {
        assert.equal(error.code, 'outside_network');
        return false;
      },
    );
  assert.ok(await may(from('10.0.0.1', '203.0.113.9')));
  assert.ok(await may(from('10.0.0.1', '203.0.113.9', '10.0.0.2')));
  assert.ok(!(await may(from('10.0.0.1', '203.0.113.9', '192.0.2.1'))), 'the client wrote the first itself');
  assert.ok(!(await may(from('192.0.2.1', '203.0.113.9'))), 'no proxy of ours');
  assert.ok(!(await may(from('10.0.0.1', '203.0.113.9', 'unknown'))));
  assert.ok(!(await may(from('10.0.0.1'))));
});
