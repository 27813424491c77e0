/** What is examined: the fixture in three shapes, alone and behind one gateway that has all three as its servers. */

import { join } from 'node:path';
import { ROOT, startGateway } from '../support/gateway.ts';
import { startProcess } from '../support/start-process.ts';
import type { Cleanup } from '../support/temp-dir.ts';
import { type Cell, UPSTREAMS, type Upstream } from './cells.ts';
import { createCatalog } from './fixture-catalog.ts';
import { EXTRA_PROMPT } from './fixture-questions.ts';
import { EXTRA_TOOL } from './fixture-tools.ts';

async function startFixture(cleanup: Cleanup, era: Upstream): Promise<string> {
  const { readyLine } = await startProcess(cleanup, {
    command: process.execPath,
    args: [join(ROOT, 'test/conformance/fixture-server.ts'), '--era', era],
  });
  return (JSON.parse(readyLine) as { url: string }).url;
}

/** The suite knows tools by fixed names: one server's keep theirs, the others' stand beside them. */
function createToolset(upstream: Upstream): object {
  const catalog = createCatalog();
  const others = UPSTREAMS.filter((other) => other !== upstream);
  const named = (kind: 'tool' | 'prompt', items: readonly { readonly definition: { readonly name?: unknown } }[]) =>
    items.map(({ definition: { name } }) => ({ [kind]: `${upstream}/${name}`, name }));
  return {
    tools: [...named('tool', [...catalog.tools(), EXTRA_TOOL]), ...others],
    prompts: [...named('prompt', [...catalog.prompts(), EXTRA_PROMPT]), ...others],
    // Theirs have the same URIs: then a URI that a client made up itself could mean any of them, and is refused.
    resources: [upstream],
  };
}

/** Starts everything. Gives the URL under which a cell is examined. */
export async function startSubjects(
  cleanup: Cleanup,
  options: { readonly gateway: boolean },
): Promise<(cell: Cell) => string> {
  const [legacy, modern, both] = await Promise.all(UPSTREAMS.map((era) => startFixture(cleanup, era)));
  const fixtures: { [upstream in Upstream]: string } = { legacy: legacy ?? '', modern: modern ?? '', both: both ?? '' };
  if (!options.gateway) return ({ upstream }) => fixtures[upstream];
  const gateway = await startGateway(cleanup, {
    config: {
      mcpServers: Object.fromEntries(UPSTREAMS.map((era) => [era, { type: 'http', url: fixtures[era] }])),
      serverOptions: { legacy: { protocol: 'legacy' }, modern: { protocol: 'modern' } },
      toolsets: Object.fromEntries(UPSTREAMS.map((era) => [`only-${era}`, createToolset(era)])),
      // The suite cannot send a key.
      anonymous: { allow: ['*'] },
    },
  });
  await gateway.healthy(...UPSTREAMS);
  // The suite insists on a loopback name, and compares Host with it.
  const url = gateway.mcpUrl.replace('127.0.0.1', 'localhost');
  return ({ route, upstream }) => {
    if (route === 'direct') return fixtures[upstream];
    return route === 'server' ? `${url}/${upstream}` : `${url}/t/only-${upstream}`;
  };
}
