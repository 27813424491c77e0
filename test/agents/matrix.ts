/**
 * Coding agents as they are sold, through the gateway to pretended models: on the wire of their own vendor and translated.
 * Their tools come from the same gateway. Prints the matrix; `npm run test:agents` installs them and runs it.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PROVIDERS, type StartedProvider } from '../sdks/providers.ts';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { EVERYTHING, stdioEntry } from '../support/real-servers.ts';
import { createCleanup } from '../support/temp-dir.ts';
import { AGENTS } from './agents.ts';
import { CHECKS, findFault, NOTE } from './checks.ts';
import { versionOf } from './packages.ts';
import { runAgent } from './run-agent.ts';

const RUN_LIMIT_MS = 60_000;
const KINDS = PROVIDERS.filter(({ id }) => ['openai', 'anthropic', 'gemini', 'fake'].includes(id));

const cleanup = createCleanup();
const started = new Map<string, StartedProvider>();
const shown = new Map<string, number>();
let gateway: StartedGateway;

before(async () => {
  for (const kind of KINDS) started.set(kind.id, await kind.start());
  const providers = Object.fromEntries([...started].map(([id, { config }]) => [id, config]));
  const mcpServers = { everything: stdioEntry(EVERYTHING, ['stdio']) };
  gateway = await startGateway(cleanup, { config: { providers, mcpServers } });
  await gateway.healthy();
});

after(async () => {
  await cleanup.run();
  for (const { mock } of started.values()) await mock?.[Symbol.asyncDispose]();
  console.log(renderMatrix());
});

for (const agent of AGENTS)
  for (const { id: provider, model } of KINDS)
    for (const check of CHECKS)
      test(`${agent.id} with a model of ${provider}: ${check.id}`, async () => {
        const requests = started.get(provider)?.mock?.requests;
        const before = requests?.length ?? 0;
        const end = await runAgent(cleanup, agent, {
          ...{ url: gateway.url, key: gateway.key, model: `${provider}/${model}`, note: NOTE, timeoutMs: RUN_LIMIT_MS },
          prompt: (noteFile) => check.prompt(agent, provider, noteFile),
        });
        assert.equal(findFault(check, end), undefined);
        if (requests !== undefined) assert.ok(requests.length > before, 'the provider was asked');
        const cell = `${agent.id} ${provider}`;
        shown.set(cell, (shown.get(cell) ?? 0) + 1);
      });

function renderMatrix(): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows = AGENTS.map(({ id, package: name }) => {
    const cells = KINDS.map((kind) => `${shown.get(`${id} ${kind.id}`) ?? 0}/${CHECKS.length}`);
    return line([`${id} ${versionOf(name)}`, ...cells]);
  });
  return [line(['agent', ...KINDS.map(({ id }) => id)]), line(['---', ...KINDS.map(() => ':-:')]), ...rows].join('\n');
}
