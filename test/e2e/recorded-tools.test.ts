/** The tools of 46 published servers through one gateway: complete, in one order whatever happens, under names every model API takes. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ConnectClient, connectStreamableV1, connectV2, type Definition } from '../support/clients.ts';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { type ListingServers, startListingServers } from '../support/listing-servers.ts';
import { assertUsableNames } from '../support/model-api-names.ts';
import { type RecordedTools, recordedTools } from '../support/recorded-tools.ts';
import { createCleanup } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'pck_e2e_recorded_0123456789abcdef';
const modernV2 = connectV2({ pin: '2026-07-28' });

const namesOf = (tools: readonly Definition[]): string[] => tools.map(({ name }) => name);
const byName = (left: string, right: string): number => (left < right ? -1 : 1);

describe('2,054 recorded tools of 46 servers', { timeout: 180_000 }, () => {
  const cleanup = createCleanup();
  let recorded: RecordedTools;
  let servers: ListingServers;
  let gateway: StartedGateway;
  let first: readonly Definition[];

  const config = (ids: readonly string[]): object => ({
    mcpServers: Object.fromEntries(ids.map((id) => [id, servers.entries[id]])),
    keys: [{ name: 'all', value: KEY, allow: ['*'] }],
  });
  const list = async (connect: ConnectClient, path = '/mcp'): Promise<readonly Definition[]> => {
    const headers = { Authorization: `Bearer ${KEY}` };
    const client = await connect({ url: `${gateway.url}${path}`, headers, home: '' });
    try {
      return await client.listTools();
    } finally {
      await client.close();
    }
  };
  /** Starts the gateway; its servers become ready one after the other. */
  const start = async (ids: readonly string[], arrival: readonly string[]): Promise<void> => {
    servers.arriveInOrder(arrival);
    gateway = await startGateway(cleanup, { config: config(ids) });
    await gateway.healthy();
    assert.deepEqual(servers.arrivals, arrival, 'servers were ready in the order asked for');
  };

  before(async () => {
    recorded = recordedTools();
    servers = await startListingServers(cleanup, recorded.servers);
    const ids = [...recorded.servers.keys()];
    await start(ids, ids);
    first = await list(connectStreamableV1);
  });
  after(() => cleanup.run());

  /** One of the recorded descriptions has zero-width spaces; such text never reaches a client. */
  const withoutHiddenText = (tool: Definition): Definition =>
    JSON.parse(JSON.stringify(tool).replaceAll('\u200b', '')) as Definition;

  test('all of them are listed, and each leads back to its server and own name', async (t) => {
    t.diagnostic(recorded.origin);
    assert.equal(first.length, 2054);
    for (const [id, recordedTools] of recorded.servers) {
      const tools = recordedTools.map(withoutHiddenText);
      const own = await list(connectStreamableV1, `/mcp/${id}`);
      assert.deepEqual(own, tools, id);
      const shown = first.filter(({ name }) => name.startsWith(`${id}__`));
      const wordsOf = ({ name: _, ...words }: Definition): string => JSON.stringify(words);
      assert.deepEqual(shown.map(wordsOf).sort(), tools.map(wordsOf).sort(), id);
    }
  });

  test('every name is one that OpenAI, Anthropic, Gemini and Bedrock take, and is there once', () =>
    assertUsableNames(namesOf(first)));

  test('the order is that of the names, the same in every list and both eras', async () => {
    assert.deepEqual(namesOf(first), namesOf(first).sort(byName));
    assert.deepEqual(await list(connectStreamableV1), first);
    assert.deepEqual(namesOf(await list(modernV2)), namesOf(first));
    assert.deepEqual(namesOf(await list(modernV2)), namesOf(first));
  });

  test('a server that goes takes its own tools along, and when it is back the list is what it was', async () => {
    const ids = [...recorded.servers.keys()];
    servers.arriveInOrder([]);
    await gateway.writeConfig(config(ids.filter((id) => id !== 'gitlab')));
    const left = first.filter(({ name }) => !name.startsWith('gitlab__'));
    const fewer = await waitFor('gitlab to be gone', async () => {
      const tools = await list(connectStreamableV1);
      return tools.length === left.length && tools;
    });
    assert.deepEqual(fewer, left);
    await gateway.writeConfig(config(ids));
    await waitFor('gitlab to be back', async () => (await list(connectStreamableV1)).length === first.length);
    assert.deepEqual(await list(connectStreamableV1), first);
  });

  test('after a restart, with the servers configured and ready in the opposite order, the list is the same', async () => {
    await gateway.stop();
    const ids = [...recorded.servers.keys()].reverse();
    await start(ids, [...ids.slice(20), ...ids.slice(0, 20)]);
    assert.deepEqual(await list(connectStreamableV1), first);
  });
});
