/** Questions in mid-call in all four cells: elicitation, sampling, roots, several at once, several in turn, prompts, refusals. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { StartedGateway } from '../../support/gateway.ts';
import { createCleanup } from '../../support/temp-dir.ts';
import { CELLS, request, startCells, textOf, WILLING } from './cells.ts';

describe('questions in mid-call', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  before(async () => {
    gateway = await startCells(cleanup);
  });
  after(() => cleanup.run());

  for (const { client, upstream } of CELLS) {
    const call = (name: string, options = {}, args = {}) =>
      request(gateway, client, upstream, 'tools/call', { name, arguments: args }, options);

    describe(`${client} client, ${upstream} server`, () => {
      test('a form is shown and its content reaches the tool', async () => {
        const called = await call('test_input_required_result_elicitation');
        assert.equal(textOf(called), 'Hello, Ada!', JSON.stringify(called));
        assert.equal(called.asked[0]?.method, 'elicitation/create');
        assert.equal(called.asked[0]?.params.message, 'What is your name?');
      });

      test('a form that the user declines is an ordinary answer', async () => {
        const answers = { ...WILLING, 'elicitation/create': () => ({ action: 'decline' }) };
        const called = await call('test_elicitation', { answers }, { message: 'who?' });
        assert.match(textOf(called), /action: decline/);
      });

      test('sampling is answered by the client', async () => {
        assert.equal(textOf(await call('test_input_required_result_sampling')), 'Paris');
      });

      test('roots are those of the client', async () => {
        assert.match(textOf(await call('test_input_required_result_list_roots')), /file:\/\/\/tmp/);
      });

      test('several questions at once are all asked, and answered together', async () => {
        const called = await call('test_input_required_result_multiple_inputs');
        assert.equal(textOf(called), 'Got all three', JSON.stringify(called));
        assert.deepEqual(called.asked.map(({ method }) => method).sort(), [
          'elicitation/create',
          'roots/list',
          'sampling/createMessage',
        ]);
      });

      test('questions that follow from answers are asked in turn', async () => {
        const called = await call('test_input_required_result_multi_round');
        assert.equal(textOf(called), 'Both steps answered', JSON.stringify(called));
        assert.equal(called.asked.length, 2);
      });

      test('a prompt may ask, too', async () => {
        const called = await request(gateway, client, upstream, 'prompts/get', {
          name: 'test_input_required_result_prompt',
        });
        assert.match(JSON.stringify(called.result), /Context: /);
        assert.equal(called.asked.length, 1);
      });

      test('only what the client declared is asked of it', async () => {
        const called = await call('test_input_required_result_capabilities', { capabilities: { sampling: {} } });
        assert.deepEqual(
          called.asked.map(({ method }) => method),
          ['sampling/createMessage'],
        );
        assert.equal(textOf(called), 'Answered');
      });

      test('a client that can be asked nothing gets an error, and no question', async () => {
        const called = await call('test_input_required_result_sampling', { capabilities: {} });
        assert.deepEqual(called.asked, []);
        assert.ok(called.error !== undefined || called.result?.isError === true, JSON.stringify(called));
        if (client === 'modern' && upstream === 'legacy') {
          assert.equal(called.error?.code, -32021);
          assert.deepEqual(called.error?.data, { requiredCapabilities: { sampling: {} } });
        }
      });
    });
  }
});
