import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_MODE, type CodeModeConfig } from '../../contracts/codemode.ts';
import { openSandboxes } from './open-sandboxes.ts';

function openWith(worker: string | undefined, config: CodeModeConfig | (() => CodeModeConfig) = CODE_MODE) {
  const told: string[] = [];
  const say = (message: string): void => void told.push(message);
  const sandboxes = openSandboxes({
    ...{ config: typeof config === 'function' ? config : () => config, path: undefined, findWorker: () => worker },
    ...{ monotonicMs: () => performance.now(), log: { debug: say, info: say, warn: say, error: say } },
  });
  return { sandboxes, told };
}

test('scripts are Python where its engine is installed, and JavaScript where it is not', async () => {
  assert.equal(openWith('/usr/bin/worker').sandboxes.dialect(), 'python');
  assert.deepEqual(openWith('/usr/bin/worker').told, []);
  const { sandboxes, told } = openWith(undefined);
  assert.equal(sandboxes.dialect(), 'javascript');
  assert.match(told.join(), /^scripts are written in JavaScript: no engine for scripts in Python is installed/);
  await sandboxes[Symbol.asyncDispose]();
});

test('a language that was chosen is used, or there are no scripts at all', async () => {
  const javascript = openWith('/usr/bin/worker', { ...CODE_MODE, dialect: 'javascript' });
  assert.equal(javascript.sandboxes.dialect(), 'javascript');
  assert.deepEqual(javascript.told, ['scripts are written in JavaScript']);
  const none = openWith(undefined, { ...CODE_MODE, dialect: 'python' });
  assert.equal(none.sandboxes.dialect(), undefined);
  assert.match(none.told.join(), /mode code is served as search$/);
  await assert.rejects(none.sandboxes.engine(), { code: 'sandbox_unavailable' });
});

test('an engine is started once, and another one when another language is chosen', async (t) => {
  let config: CodeModeConfig = { ...CODE_MODE, dialect: 'javascript' };
  const { sandboxes } = openWith(undefined, () => config);
  t.after(() => sandboxes[Symbol.asyncDispose]());
  const [one, two] = await Promise.all([sandboxes.engine(), sandboxes.engine()]);
  assert.equal(one, two);
  assert.equal(one.dialect, 'javascript');
  config = { ...CODE_MODE, dialect: 'python' };
  await assert.rejects(sandboxes.engine(), { code: 'sandbox_unavailable' });
  config = CODE_MODE;
  assert.equal(await sandboxes.engine(), one);
});
