/**
 * Ordinary programs on the official SDKs, each through the gateway to each kind of provider, with nothing changed but base
 * URL and key. Prints the matrix; `npm run test:sdks` runs it alone.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import type { MockProvider } from '../support/providers/mock-provider.ts';
import { CHECKS } from './checks.ts';
import { createAiAnthropic, createAiGoogle, createAiOpenaiChat, createAiOpenaiResponses } from './clients/ai.ts';
import { createAnthropic } from './clients/anthropic.ts';
import { createGenai } from './clients/genai.ts';
import {
  createLangchainAnthropic,
  createLangchainGoogle,
  createLangchainOpenai,
  createLangchainOpenaiResponses,
} from './clients/langchain.ts';
import { createOpenaiChat } from './clients/openai-chat.ts';
import { createOpenaiResponses } from './clients/openai-responses.ts';
import type { CreateClient } from './program.ts';
import { PROVIDERS, type StartedProvider } from './providers.ts';
import { renderMatrix } from './render-matrix.ts';

const CLIENTS: readonly CreateClient[] = [
  createOpenaiChat,
  createOpenaiResponses,
  createAnthropic,
  createGenai,
  createAiOpenaiChat,
  createAiOpenaiResponses,
  createAiAnthropic,
  createAiGoogle,
  createLangchainOpenai,
  createLangchainOpenaiResponses,
  createLangchainAnthropic,
  createLangchainGoogle,
];

const cleanups: (() => unknown)[] = [];
const cleanup = { after: (run: () => unknown): void => void cleanups.push(run) };
const started = new Map<string, StartedProvider>();
let gateway: StartedGateway;

before(async () => {
  for (const provider of PROVIDERS) started.set(provider.id, await provider.start());
  const providers = Object.fromEntries([...started].map(([id, { config }]) => [id, config]));
  const aliases = Object.fromEntries(PROVIDERS.map(({ id, model }) => [`gemini-2-${id}`, `${id}/${model}`]));
  gateway = await startGateway(cleanup, { config: { providers, models: { aliases } } });
});

after(async () => {
  for (const run of cleanups.reverse()) await run();
  for (const { mock } of started.values()) await mock?.[Symbol.asyncDispose]();
});

/** By SDK and provider: what was shown, what does not exist there, what failed. */
const cells = new Map<string, Map<string, { shown: string[]; failed: string[] }>>();

const awaitAbortAt = (mock: MockProvider | undefined) => mock && (() => mock.waitForAborts(mock.aborted() + 1));

for (const createClient of CLIENTS) {
  // The name alone needs no gateway.
  const { name } = createClient({ url: 'http://127.0.0.1:1', key: 'none-at-all-yet' });
  const row = new Map<string, { shown: string[]; failed: string[] }>();
  cells.set(name, row);
  for (const { id, model, embeddingModel } of PROVIDERS)
    test(`${name} does its ordinary work with ${id}`, async (t) => {
      const client = createClient({ url: gateway.url, key: gateway.key });
      const cell = { shown: [] as string[], failed: [] as string[] };
      row.set(id, cell);
      for (const [what, check] of Object.entries(CHECKS)) {
        const embedding = embeddingModel === undefined ? undefined : `${id}/${embeddingModel}`;
        const subject = {
          client,
          model: client.modelPrefix === undefined ? `${id}/${model}` : `${client.modelPrefix}${id}`,
          embeddingModel: embedding,
          awaitAbort: awaitAbortAt(started.get(id)?.mock),
        };
        await t.test(what, { timeout: 30_000 }, async () => {
          try {
            if (await check(subject)) cell.shown.push(what);
          } catch (error) {
            cell.failed.push(what);
            throw error;
          }
        });
      }
    });
}

test('the matrix is what the page about it says', () => {
  const ids = PROVIDERS.map(({ id }) => id);
  const table = renderMatrix(cells, ids, Object.keys(CHECKS));
  process.stdout.write(`\n${table}\n`);
  if (process.env.PORTCULLIS_WRITE_DOCS === '1')
    writeFileSync(join(import.meta.dirname, '../../docs/reference/sdks.md'), table);
  assert.equal(
    [...cells.values()].flatMap((row) => [...row.values()]).every(({ failed }) => failed.length === 0),
    true,
  );
});
