/** The ledger of proofs, and that a run without them is red. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { createLedger, readTags } from './ledger.ts';
import { ALL_CELLS, REQUIREMENTS, type Requirement } from './requirements.ts';

const wanted = (id: string, cells: readonly string[] = [], open?: string): Requirement => ({
  ...{ id, spec: 'basic', sentence: 'it works', cells },
  ...(open === undefined ? {} : { open }),
});
const PASSED = { passed: true, ran: true };

describe('a requirement', () => {
  test('needs a passing test for each of its cells', () => {
    const ledger = createLedger([wanted('MCP-A', ['legacy→legacy', 'legacy→modern'])]);
    ledger.record('works [MCP-A legacy→legacy]', PASSED);
    assert.deepEqual(ledger.complaints(), ['MCP-A legacy→modern is proved by no test: it works']);
    ledger.record('works too [MCP-A legacy→modern]', PASSED);
    assert.deepEqual(ledger.complaints(), []);
    assert.equal(ledger.proved, 2);
  });

  test('is not proved by a test that failed, was skipped or is only planned', () => {
    for (const outcome of [
      { passed: false, ran: true },
      { passed: true, ran: false },
    ]) {
      const ledger = createLedger([wanted('MCP-A')]);
      ledger.record('works [MCP-A]', outcome);
      assert.equal(ledger.complaints().length, 1);
    }
  });

  test('with one failing proof is not proved, whichever came first', () => {
    for (const order of [
      [true, false],
      [false, true],
    ]) {
      const ledger = createLedger([wanted('MCP-A')]);
      for (const passed of order) ledger.record('works [MCP-A]', { passed, ran: true });
      assert.equal(ledger.complaints().length, 1);
    }
  });

  test('that is open must not be proved', () => {
    const ledger = createLedger([wanted('MCP-A', [], 'later')]);
    assert.deepEqual(ledger.complaints(), []);
    ledger.record('works [MCP-A]', PASSED);
    assert.equal(ledger.complaints().length, 1);
  });

  test('that nobody wrote down cannot be proved', () => {
    const ledger = createLedger([wanted('MCP-A', ['legacy→any'])]);
    ledger.record('works [MCP-A legacy→any, MCP-A modern→any, MCP-B]', PASSED);
    assert.equal(ledger.complaints().length, 2);
  });
});

test('titles may name several requirements, and other brackets', () => {
  assert.deepEqual(readTags('a [b] c [MCP-A x→y, MCP-B] [MCP-C]'), ['MCP-A x→y', 'MCP-B', 'MCP-C']);
});

test('no requirement stands twice, and each says which cells there are', () => {
  const ids = REQUIREMENTS.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  const cells = new Set<string>([...ALL_CELLS, 'legacy→any', 'modern→any']);
  for (const { id, cells: own } of REQUIREMENTS)
    assert.ok(
      own.every((cell) => cells.has(cell)),
      id,
    );
});

test('a run in which a requirement has no proof is red, although every test passed', async (t) => {
  const file = join(await createTempDir(t), 'one.test.mjs');
  await writeFile(file, "import { test } from 'node:test';\ntest('works [MCP-PROGRESS legacy→legacy]', () => {});\n");
  const reporter = join(ROOT, 'test/requirements/reporter.ts');
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    const args = ['--test', `--test-reporter=${reporter}`, file];
    // Inside of a test run node:test would make the inner run part of the outer one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    execFile(process.execPath, args, { env, timeout: 60_000 }, (error, stdout) =>
      resolve({ code: error?.code ?? 0, output: stdout }),
    );
  });
  assert.equal(code, 1, output);
  assert.match(output, /MCP-PROGRESS legacy→modern is proved by no test/);
  assert.doesNotMatch(output, /MCP-PROGRESS legacy→legacy/);
});
