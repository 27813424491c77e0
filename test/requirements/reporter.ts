/**
 * A reporter for node:test that turns a whole run red when a requirement has no passing test. `npm test` has it beside the usual
 * one; a run of single files goes without.
 */

import type { TestEvent } from 'node:test/reporters';
import { createLedger } from './ledger.ts';
import { REQUIREMENTS } from './requirements.ts';

// biome-ignore lint/style/noDefaultExport: node:test takes a reporter as a default export
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const ledger = createLedger(REQUIREMENTS);
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, skip, todo } = event.data;
    const ran = (skip === undefined || skip === false) && (todo === undefined || todo === false);
    ledger.record(name, { passed: event.type === 'test:pass', ran });
  }
  const complaints = ledger.complaints();
  yield complaints.length === 0
    ? `requirements: all ${ledger.proved} proved\n`
    : `requirements: ${complaints.length} not as they should be\n${complaints.map((line) => `  ✖ ${line}\n`).join('')}`;
  if (complaints.length > 0) process.exitCode = 1;
}
