/** The state a modern client carries between the legs of a call: bound to its caller and its call, and used once where a call is parked. */

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readTrail, type StartedGateway } from '../../support/gateway.ts';
import { createCleanup } from '../../support/temp-dir.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type Era, type Json, KEYS, leg, startCells, textOf } from './cells.ts';

const CALL = { name: 'test_input_required_result_request_state', arguments: { a: 1, b: [2] } };
const INVALID = -32602;

function answersTo(result: Json | undefined): Json {
  const keys = Object.keys((result?.inputRequests ?? {}) as Json);
  assert.ok(keys.length > 0, JSON.stringify(result));
  return Object.fromEntries(keys.map((key) => [key, { action: 'accept', content: { ok: true, name: 'Ada' } }]));
}

describe('sealed requestState', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  before(async () => {
    gateway = await startCells(cleanup, { maxParkedCallsPerKey: 5 });
  });
  after(() => cleanup.run());

  for (const upstream of ['legacy', 'modern'] as Era[]) {
    describe(`${upstream} server`, () => {
      const ask = async (): Promise<{ state: string; inputResponses: Json }> => {
        const { result } = await leg(gateway, upstream, CALL);
        assert.equal(result?.resultType, 'input_required', JSON.stringify(result));
        return { state: String(result?.requestState), inputResponses: answersTo(result) };
      };
      const goOn = (state: string, inputResponses: Json, changes: Json = {}, options = {}) =>
        leg(gateway, upstream, { ...CALL, inputResponses, requestState: state, ...changes }, options);

      test(`it is refused when tampered with, from another key, or with other parameters; then it still works [MCP-STATE-BOUND modern→${upstream}]`, async () => {
        const { state, inputResponses } = await ask();
        const flipped = `${state.slice(0, 30)}${state[30] === 'A' ? 'B' : 'A'}${state.slice(31)}`;
        for (const [what, answer] of [
          ['a suffix', await goOn(`${state}-TAMPERED`, inputResponses)],
          ['a flipped bit', await goOn(flipped, inputResponses)],
          ['nonsense', await goOn('nonsense', inputResponses)],
          ['another key', await goOn(state, inputResponses, {}, { key: KEYS[1] })],
          ['other arguments', await goOn(state, inputResponses, { arguments: { a: 2, b: [2] } })],
          ['another tool', await goOn(state, inputResponses, { name: 'test_input_required_result_tampered_state' })],
        ] as const) {
          assert.equal(answer.error?.code, INVALID, `${what}: ${JSON.stringify(answer)}`);
          assert.equal(answer.status, 400);
        }
        const reordered = { arguments: { b: [2], a: 1 } };
        assert.equal(textOf(await goOn(state, inputResponses, reordered)), 'state-ok');
      });

      test(`it is good at one server only [MCP-STATE-SERVER modern→${upstream}]`, async () => {
        const { state, inputResponses } = await ask();
        const other = upstream === 'legacy' ? 'modern' : 'legacy';
        const answer = await leg(gateway, other, { ...CALL, inputResponses, requestState: state });
        assert.equal(answer.error?.code, INVALID);
      });

      test(`the trail has each leg, the later one pointing to the earlier [MCP-STATE-TRAIL modern→${upstream}]`, async () => {
        const { state, inputResponses } = await ask();
        assert.equal(textOf(await goOn(state, inputResponses)), 'state-ok');
        const child = await waitFor('both legs in the trail', async () =>
          (await readTrail(gateway.dataDir)).findLast(
            (row) => row.serverId === upstream && row.target === CALL.name && row.parentId && row.result === 'ok',
          ),
        );
        const rows = await readTrail(gateway.dataDir);
        assert.ok(rows.some((row) => row.id === child.parentId && row.target === CALL.name));
      });
    });
  }

  test('what answered a parked call answers nothing a second time [MCP-STATE-ONCE modern→legacy]', async () => {
    const { result } = await leg(gateway, 'legacy', CALL);
    const retry = { ...CALL, inputResponses: answersTo(result), requestState: result?.requestState };
    assert.equal(textOf(await leg(gateway, 'legacy', retry)), 'state-ok');
    const again = await leg(gateway, 'legacy', retry);
    assert.equal(again.error?.code, INVALID, JSON.stringify(again));
  });

  test('a missing answer is asked for again, and answers to nothing are ignored [MCP-STATE-MISSING modern→legacy]', async () => {
    const call = { name: 'test_input_required_result_multiple_inputs', arguments: {} };
    const first = (await leg(gateway, 'legacy', call)).result;
    const requests = (first?.inputRequests ?? {}) as { [key: string]: { method: string } };
    const roots = Object.keys(requests).find((key) => requests[key]?.method === 'roots/list') ?? '';
    const second = (
      await leg(gateway, 'legacy', {
        ...call,
        requestState: first?.requestState,
        inputResponses: { [roots]: { roots: [] }, nobody_asked: {} },
      })
    ).result;
    assert.equal(second?.resultType, 'input_required');
    const open = Object.keys((second?.inputRequests ?? {}) as Json);
    assert.deepEqual(
      open.sort(),
      Object.keys(requests)
        .filter((key) => key !== roots)
        .sort(),
    );
    const last = await leg(gateway, 'legacy', {
      ...call,
      requestState: second?.requestState,
      inputResponses: answersTo(second),
    });
    assert.equal(textOf(last), 'Got all three', JSON.stringify(last));
  });

  test('one key cannot park more calls than it may, and others are not hindered [MCP-STATE-BOUNDS modern→legacy]', async () => {
    const legs = await Promise.all(Array.from({ length: 8 }, () => leg(gateway, 'legacy', CALL, { key: KEYS[1] })));
    const refused = legs.filter(({ error }) => error?.code === -31503);
    assert.equal(refused.length, 3, JSON.stringify(legs.map(({ error }) => error)));
    assert.equal((await leg(gateway, 'legacy', CALL)).result?.resultType, 'input_required');
  });

  test('the sealing key is a file that only its owner can read', () => {
    assert.equal(statSync(join(gateway.dataDir, 'seal.key')).mode & 0o777, 0o600);
  });
});

test('a parked call whose client stays away expires, and so does its state [MCP-STATE-EXPIRY modern→legacy]', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await startCells(t, { questionTimeoutMs: 1_000 });
  const { result } = await leg(gateway, 'legacy', CALL);
  const retry = { ...CALL, inputResponses: answersTo(result), requestState: result?.requestState };
  await waitFor('the call to be given up', () => gateway.stderr().includes('never came back'));
  const late = await leg(gateway, 'legacy', retry);
  assert.equal(late.error?.code, INVALID);
});
