/**
 * Hostile servers, end to end: garbage, floods, answers late, never, twice or for others, too many tools. It costs the one caller
 * concerned a clear error, and everybody else nothing.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, readTrail, type StartedGateway, startGateway } from '../support/gateway.ts';
import { assertGoodServed, textOf } from '../support/good-server.ts';
import { callTool, listToolNames, type RawAnswer } from '../support/raw-client.ts';
import { stdioEntry } from '../support/real-servers.ts';
import { startProcess } from '../support/start-process.ts';
import { type Cleanup, createCleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor, within } from '../support/wait-for.ts';
import { witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_badservers_0123456789abcdef';
const HOSTILE = join(ROOT, 'test/support/hostile-stdio.ts');
const CODES = { failed: -31512, timeout: -31513, unknown: -31514 };
const MAX_MESSAGE_BYTES = 1_000_000;
const CALL_TIMEOUT_MS = 1500;

describe('hostile servers', { timeout: 180_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;

  before(async () => {
    const folder = await createTempDir(cleanup);
    const { readyLine } = await startProcess(cleanup, {
      command: process.execPath,
      args: [join(ROOT, 'test/support/hostile-http.ts')],
    });
    const { url } = JSON.parse(readyLine) as { url: string };
    gateway = await startGateway(cleanup, {
      config: {
        mcpServers: {
          good: witnessEntry(join(folder, 'good.jsonl')),
          bad: stdioEntry(HOSTILE),
          web: { type: 'http', url },
        },
        serverOptions: { bad: { callTimeoutMs: CALL_TIMEOUT_MS }, web: { callTimeoutMs: CALL_TIMEOUT_MS } },
        limits: { maxMessageBytes: MAX_MESSAGE_BYTES },
        keys: [{ name: 'e2e', value: KEY, allow: ['*'] }],
      },
    });
    await gateway.healthy('good', 'bad', 'web');
  });
  after(() => cleanup.run());

  /** Calls the misdeed while the good server is being used, and makes sure that the bad one serves again afterwards. */
  async function suffer(server: 'bad' | 'web', tool: string, text: string): Promise<RawAnswer> {
    await gateway.healthy(server);
    const pending = within(`${server}__${tool}`, callTool(gateway, KEY, `${server}__${tool}`, { text }), 10_000);
    await Promise.all([assertGoodServed(gateway, KEY), assertGoodServed(gateway, KEY), pending]);
    await waitFor(`${server} to serve again`, async () => {
      const again = randomUUID();
      return textOf(await callTool(gateway, KEY, `${server}__echo`, { text: again })) === again;
    });
    return pending;
  }

  function assertError(answer: RawAnswer, ...codes: number[]): void {
    assert.ok(answer.error !== undefined, `an error, not ${JSON.stringify(answer).slice(0, 500)}`);
    assert.ok(codes.includes(answer.error.code), `${answer.error.code} is not one of ${codes.join(', ')}`);
    assert.ok(answer.error.message.length > 10 && answer.error.message.length < 500, answer.error.message);
  }

  for (const [tool, what] of [
    ['garbage_first', 'writes garbage before its answer'],
    ['stderr_flood', 'floods its stderr'],
    ['notification_flood', 'floods us with notifications'],
  ] as const)
    test(`a stdio server that ${what} still has its answer delivered`, async () => {
      assert.equal(textOf(await suffer('bad', tool, 'the answer')), 'the answer');
    });

  for (const [tool, what, codes] of [
    ['garbage_only', 'answers with half a message', [CODES.timeout, CODES.failed, CODES.unknown]],
    ['huge_line', 'answers with a huge line', [CODES.failed, CODES.unknown]],
    ['endless_line', 'writes a line without an end', [CODES.failed, CODES.unknown, CODES.timeout]],
    ['late', 'answers too late', [CODES.timeout]],
    ['never', 'never answers', [CODES.timeout]],
    ['other_id', 'answers to other ids', [CODES.timeout]],
    ['exits', 'exits in the middle of the call', [CODES.unknown]],
    ['neither', 'answers with neither result nor error', [CODES.failed, CODES.timeout, CODES.unknown]],
    ['result_is_text', 'answers with a result that is no object', [CODES.failed, CODES.timeout, CODES.unknown]],
  ] as const)
    test(`a stdio server that ${what} costs its caller a clear error and nobody else anything`, async () => {
      assertError(await suffer('bad', tool, 'lost'), ...codes);
    });

  test('a stdio server that answers twice has its first answer delivered, and the second to nobody', async () => {
    assert.equal(textOf(await suffer('bad', 'twice', 'once')), 'once first');
    for (let index = 0; index < 5; index++) {
      const text = randomUUID();
      assert.equal(textOf(await callTool(gateway, KEY, 'bad__echo', { text })), text);
    }
  });

  test('a late answer is not mistaken for the answer to another call', async () => {
    const late = callTool(gateway, KEY, 'bad__late', { text: 'late' });
    const until = performance.now() + 3500;
    while (performance.now() < until) {
      const text = randomUUID();
      assert.equal(textOf(await callTool(gateway, KEY, 'bad__echo', { text })), text);
    }
    assertError(await late, CODES.timeout);
  });

  test('a server that gives both result and error costs at most an error', async () => {
    const answer = await suffer('bad', 'result_and_error', 'x');
    assert.ok(answer.error !== undefined || answer.result !== undefined);
  });

  test('a call that waits for a silent server leaves other calls to the same server alone', async () => {
    const waiting = callTool(gateway, KEY, 'bad__never', { text: 'x' });
    for (let index = 0; index < 10; index++) {
      const text = randomUUID();
      assert.equal(textOf(await callTool(gateway, KEY, 'bad__echo', { text })), text);
    }
    assertError(await waiting, CODES.timeout);
  });

  test('an HTTP server whose stream begins with garbage still has its answer delivered', async () => {
    assert.equal(textOf(await suffer('web', 'garbage_stream', 'the answer')), 'the answer');
  });

  for (const [tool, what, codes] of [
    ['garbage', 'answers with half a message', [CODES.failed, CODES.unknown]],
    ['html', 'answers with a web page', [CODES.failed, CODES.unknown]],
    ['bad_gateway', 'answers 502', [CODES.unknown, CODES.failed]],
    ['huge', 'answers with a huge body', [CODES.failed, CODES.unknown]],
    ['never', 'never answers', [CODES.timeout]],
    ['cut', 'cuts the connection in its answer', [CODES.unknown, CODES.failed]],
    ['other_id', 'answers to another id', [CODES.failed, CODES.timeout, CODES.unknown]],
    ['empty_stream', 'ends its stream without an answer', [CODES.unknown, CODES.failed]],
    ['endless_event', 'sends an event without an end', [CODES.failed, CODES.unknown, CODES.timeout]],
  ] as const)
    test(`an HTTP server that ${what} costs its caller a clear error and nobody else anything`, async () => {
      const answer = await suffer('web', tool, 'lost');
      assertError(answer, ...codes);
      assert.doesNotMatch(JSON.stringify(answer), /It works|secret trace|xxxxx/, 'nothing of the body is passed on');
    });

  test('the trail has one finished row for each of these calls', async () => {
    await callTool(gateway, KEY, 'bad__never', { text: 'for the trail' });
    const rows = await waitFor('the trail to be complete', async () => {
      const calls = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'tools.call');
      return calls.every(({ result }) => result !== undefined) && calls;
    });
    const row = rows.findLast(({ target }) => target === 'never');
    assert.ok(row?.result === 'failed' || row?.result === 'unknown', `not ${row?.result}`);
  });
});

describe('servers with too much to offer', { timeout: 120_000 }, () => {
  const start = async (cleanup: Cleanup, args: string[]): Promise<StartedGateway> => {
    const folder = await createTempDir(cleanup);
    return startGateway(cleanup, {
      config: {
        mcpServers: { good: witnessEntry(join(folder, 'good.jsonl')), many: stdioEntry(HOSTILE, args) },
        keys: [{ name: 'e2e', value: KEY, allow: ['*'] }],
      },
    });
  };

  test('a server with 10,000 tools is listed page by page and called, while others are served', async (t) => {
    const gateway = await start(t, ['--tools', '10000']);
    await gateway.healthy('good');
    await assertGoodServed(gateway, KEY);
    await gateway.healthy('many');
    const names = new Set(await listToolNames(gateway, KEY));
    // The bound counts its first few tools too.
    assert.ok(names.size >= 10_000 && names.size <= 10_002, `${names.size} tools`);
    assert.ok(names.has('many__tool_0') && names.has('many__tool_9000') && names.has('good__work'));
    const answer = await callTool(gateway, KEY, 'many__tool_9000', { text: 'x' });
    assert.ok(answer.result !== undefined, JSON.stringify(answer));
    await assertGoodServed(gateway, KEY);
  });

  test('a server whose list never ends is not waited for, and others are served', async (t) => {
    const gateway = await start(t, ['--endless-pages']);
    await gateway.healthy('good');
    for (let index = 0; index < 5; index++) await assertGoodServed(gateway, KEY);
    await waitFor('the endless list to be given up', async () => (await gateway.states()).many !== 'starting', 60_000);
    assert.ok((await listToolNames(gateway, KEY)).includes('good__work'));
  });
});
