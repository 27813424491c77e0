/** The demo server of `npm run dev`: a few deterministic tools in this process, so that nothing has to be installed. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { InProcessServer } from '../upstreams/mcp/link.ts';
import { createToolServer, type HostedTool } from '../upstreams/mcp/tool-server.ts';

const MAX_WAIT_MS = 60_000;

const text = { type: 'string' };
const number = { type: 'number' };
const object = (properties: object, required: readonly string[]) => ({ type: 'object', properties, required });

const TOOLS: readonly HostedTool[] = [
  {
    name: 'echo',
    description: 'Answers with the message it was given',
    inputSchema: object({ message: text }, ['message']),
    annotations: { readOnlyHint: true },
    call: ({ message }) => String(message),
  },
  {
    name: 'add',
    description: 'Adds two numbers',
    inputSchema: object({ a: number, b: number }, ['a', 'b']),
    annotations: { readOnlyHint: true },
    call({ a, b }) {
      if (typeof a !== 'number' || typeof b !== 'number') throw new TypeError('a and b must be numbers');
      return String(a + b);
    },
  },
  {
    name: 'wait',
    description: `Answers after the given milliseconds, at most ${MAX_WAIT_MS}; can be cancelled`,
    inputSchema: object({ ms: number }, ['ms']),
    async call({ ms }, signal) {
      await sleep(Math.min(Math.max(Number(ms) || 0, 0), MAX_WAIT_MS), undefined, { signal });
      return `waited ${ms} ms`;
    },
  },
];

export function createDemoServer(version: string): InProcessServer {
  return createToolServer({ name: 'demo', version, instructions: 'Tools for trying the gateway out.', tools: TOOLS });
}
