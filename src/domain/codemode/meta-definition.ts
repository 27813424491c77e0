/** What models are told of the gateway's own tools: few words, since every request carries them. */

import type { MetaToolName } from '../../contracts/codemode.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { SandboxDialect } from '../../contracts/sandbox.ts';

const text = { type: 'string' } as const;

const RUN_CODE: { readonly [dialect in SandboxDialect]: string } = {
  python:
    'Run Python that calls tools. Every server is a namespace, every tool an async method with keyword arguments: ' +
    '`issues = await github.list_issues(owner="a", repo="b")`. Results are parsed values; media come as handles. ' +
    'Call in parallel with `asyncio.gather`. Tool errors are exceptions. The last expression, or `return`, is the result; `print` is shown too. ' +
    'Search first for signatures; filter and join in code, and return only what is needed. There is no network and no file system.',
  javascript:
    'Run JavaScript that calls tools. Every server is a namespace, every tool an async method that takes one object: ' +
    '`const issues = await github.list_issues({owner: "a", repo: "b"})`. Results are parsed values; media come as handles. ' +
    'Call in parallel with `Promise.all`. Tool errors are exceptions. The last expression, or `return`, is the result; `console.log` is shown too; ' +
    'top-level variables that are JSON last between runs. ' +
    'Search first for signatures; filter and join in code, and return only what is needed. There is no network and no file system.',
};

/** `index`: the servers with their number of tools; '' tells none. */
export function metaDefinition(name: MetaToolName, dialect: SandboxDialect, index: string): JsonText {
  switch (name) {
    case 'search_tools':
      return JSON.stringify({
        name,
        description:
          'Find tools by what they do. Answers a signature a line; `?` marks what is optional. `names` gives the full help of exact tools, ' +
          `\`server\` alone all tools of one.${index === '' ? '' : ` Servers: ${index}.`}`,
        inputSchema: {
          type: 'object',
          properties: {
            query: text,
            server: text,
            names: { type: 'array', items: text },
            limit: { type: 'integer', default: 8 },
          },
        },
        annotations: { readOnlyHint: true, openWorldHint: false },
      });
    case 'call_tool':
      return JSON.stringify({
        name,
        description: 'Call a tool that search_tools found.',
        inputSchema: {
          type: 'object',
          properties: { name: { ...text, description: 'server.tool' }, arguments: { type: 'object' } },
          required: ['name', 'arguments'],
        },
      });
    case 'run_code':
      return JSON.stringify({
        name,
        description: RUN_CODE[dialect],
        inputSchema: {
          type: 'object',
          properties: {
            code: text,
            session: { ...text, description: 'Keeps variables under this name' },
            resume: { ...text, description: 'Execution that waited for an approval, now decided' },
          },
        },
      });
  }
}

/** More servers are told by their number, and the largest of them. */
const MAX_INDEXED = 40;
const LARGEST = 12;

/** `github (26), slack (8)`, in the order given. */
export function renderIndex(servers: readonly { readonly namespace: string; readonly tools: number }[]): string {
  const told = (of: typeof servers): string => of.map(({ namespace, tools }) => `${namespace} (${tools})`).join(', ');
  if (servers.length <= MAX_INDEXED) return told(servers);
  const largest = servers.toSorted((a, b) => b.tools - a.tools).slice(0, LARGEST);
  return `${servers.length}, of them ${told(largest)}`;
}
