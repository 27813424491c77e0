/** Questions in mid-call in all four cells: elicitation, sampling, roots, several at once, several in turn, prompts, refusals. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FixtureIo } from '../../conformance/fixture-content.ts';
import { QUESTION_TOOLS } from '../../conformance/fixture-questions.ts';
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

  for (const { client, upstream, cell } of CELLS) {
    const call = (name: string, options = {}, args = {}) =>
      request(gateway, client, upstream, 'tools/call', { name, arguments: args }, options);

    describe(`${client} client, ${upstream} server`, () => {
      test(`a form is shown and its content reaches the tool [MCP-ELICIT-FORM ${cell}]`, async () => {
        const called = await call('test_input_required_result_elicitation');
        assert.equal(textOf(called), 'Hello, Ada!', JSON.stringify(called));
        assert.equal(called.asked[0]?.method, 'elicitation/create');
        assert.equal(called.asked[0]?.params.message, 'What is your name?');
      });

      test(`a form that the user declines is an ordinary answer [MCP-ELICIT-DECLINE ${cell}]`, async () => {
        const answers = { ...WILLING, 'elicitation/create': () => ({ action: 'decline' }) };
        const called = await call('test_elicitation', { answers }, { message: 'who?' });
        assert.match(textOf(called), /action: decline/);
      });

      test(`defaults and choices of a form arrive as they were written [MCP-ELICIT-SCHEMA ${cell}]`, async () => {
        for (const name of ['test_elicitation_sep1034_defaults', 'test_elicitation_sep1330_enums']) {
          const { asked } = await call(name);
          const tool = QUESTION_TOOLS.find(({ definition }) => definition.name === name);
          const turn = await tool?.run({}, { answers: {} } as FixtureIo);
          const [question] = Object.values(turn !== undefined && 'questions' in turn ? turn.questions : {});
          assert.deepEqual(asked[0]?.params.requestedSchema, question?.params.requestedSchema);
        }
      });

      test(`a URL is put to the user, and the server hears of it [MCP-ELICIT-URL ${cell}]`, async () => {
        const answers = { ...WILLING, 'elicitation/create': () => ({ action: 'accept' }) };
        const called = await call('test_elicitation_url', { answers });
        assert.match(textOf(called), /action=accept/, JSON.stringify(called));
        assert.equal(called.asked[0]?.params.mode, 'url');
        assert.equal(called.asked[0]?.params.url, 'https://example.com/sign-in');
      });

      test(`calls at the same time each get their own answer [MCP-ASK-PARALLEL ${cell}]`, async () => {
        const names = ['Ada', 'Grace', 'Edith'];
        const called = await Promise.all(
          names.map((name) => {
            const answers = { ...WILLING, 'elicitation/create': () => ({ action: 'accept', content: { name } }) };
            return call('test_input_required_result_elicitation', { answers });
          }),
        );
        assert.deepEqual(
          called.map(textOf),
          names.map((name) => `Hello, ${name}!`),
        );
      });

      test(`sampling is answered by the client [MCP-SAMPLING ${cell}]`, async () => {
        assert.equal(textOf(await call('test_input_required_result_sampling')), 'Paris');
      });

      test(`roots are those of the client [MCP-ROOTS ${cell}]`, async () => {
        assert.match(textOf(await call('test_input_required_result_list_roots')), /file:\/\/\/tmp/);
      });

      test(`several questions at once are all asked, and answered together [MCP-ASK-SEVERAL ${cell}]`, async () => {
        const called = await call('test_input_required_result_multiple_inputs');
        assert.equal(textOf(called), 'Got all three', JSON.stringify(called));
        assert.deepEqual(called.asked.map(({ method }) => method).sort(), [
          'elicitation/create',
          'roots/list',
          'sampling/createMessage',
        ]);
      });

      test(`questions that follow from answers are asked in turn [MCP-ASK-IN-TURN ${cell}]`, async () => {
        const called = await call('test_input_required_result_multi_round');
        assert.equal(textOf(called), 'Both steps answered', JSON.stringify(called));
        assert.equal(called.asked.length, 2);
      });

      test(`a prompt may ask, too [MCP-ASK-IN-PROMPT ${cell}]`, async () => {
        const called = await request(gateway, client, upstream, 'prompts/get', {
          name: 'test_input_required_result_prompt',
        });
        assert.match(JSON.stringify(called.result), /Context: /);
        assert.equal(called.asked.length, 1);
      });

      test(`only what the client declared is asked of it [MCP-ASK-DECLARED-ONLY ${cell}]`, async () => {
        const called = await call('test_input_required_result_capabilities', { capabilities: { sampling: {} } });
        assert.deepEqual(
          called.asked.map(({ method }) => method),
          ['sampling/createMessage'],
        );
        assert.equal(textOf(called), 'Answered');
      });

      test(`a client that can be asked nothing gets an error, and no question [MCP-ASK-NOBODY ${cell}]`, async () => {
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
