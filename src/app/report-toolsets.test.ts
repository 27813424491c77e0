import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolsetConfig } from '../contracts/config.ts';
import { createHarness, offerOf } from '../pipeline/fixtures/harness.ts';
import { createLiveCatalog } from '../pipeline/live-catalog.ts';
import { reportToolsets } from './report-toolsets.ts';

test('an entry that names nothing is told of once, a server that is still starting is waited for', () => {
  const entry = (name: string) => ({ source: `a/${name}`, server: 'a', name, own: {} });
  const tools = [entry('there'), entry('gone'), entry('maybe*')];
  const toolset: ToolsetConfig = {
    ...{ name: 't', description: undefined, instructions: undefined, tools },
    prompts: [],
    resources: [],
  };
  const h = createHarness({ a: undefined });
  const listeners: ((event: { type: 'offer-changed'; serverId: string; lists: [] }) => void)[] = [];
  const catalog = createLiveCatalog({
    registry: {
      current: () => h.servers,
      onEvent(listener) {
        listeners.push(listener);
        return () => {};
      },
    },
  });
  const lines: unknown[] = [];
  const log = { debug() {}, info() {}, warn: (_: string, fields?: object) => void lines.push(fields), error() {} };
  reportToolsets({ catalog, config: () => h.config({ toolsets: [toolset] }), log });
  const changed = () => {
    for (const listener of listeners) listener({ type: 'offer-changed', serverId: 'a', lists: [] });
  };
  catalog.invalidate([toolset]);
  assert.deepEqual(lines, []);
  h.servers.get('a')?.setOffer(offerOf({ tools: [{ name: 'there' }] }));
  changed();
  changed();
  assert.deepEqual(lines, [{ toolset: 't', entry: 'a/gone' }]);
});
