/** For tests: intents and finishes with everything that does not matter filled in. */

import type { CallFinish, CallIntent } from '../../../contracts/trail.ts';

export function makeIntent(id: string, fields: Partial<CallIntent> = {}): CallIntent {
  return {
    id,
    parentId: undefined,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    atMs: 1_795_000_000_000,
    kind: 'tools.call',
    surface: 'mcp',
    keyId: 'key_1',
    keyName: 'ci',
    serverId: 'files',
    name: 'files__write',
    target: 'write',
    client: undefined,
    arguments: '{"path":"/a"}',
    ...fields,
  };
}

export function makeFinish(id: string, fields: Partial<CallFinish> = {}): CallFinish {
  return { id, result: 'ok', error: undefined, resultBytes: 10, totalMs: 2.5, upstreamMs: 2, ...fields };
}
