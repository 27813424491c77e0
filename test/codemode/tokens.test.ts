/** What tools cost in tokens, counted with a real tokenizer. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import type { MetaToolName } from '../../src/contracts/codemode.ts';
import { metaDefinition, renderIndex } from '../../src/domain/codemode/meta-definition.ts';
import { renderSignature } from '../../src/domain/codemode/render-tool.ts';
import { memberNames, namespaceNames } from '../../src/domain/codemode/script-names.ts';
import { readToolFace } from '../../src/domain/codemode/tool-face.ts';
import { recordedTools } from '../support/recorded-tools.ts';

/** As a model is sent it: name, description and schema. */
function tokensOf(name: MetaToolName, dialect: 'python' | 'javascript'): number {
  const { description, inputSchema } = JSON.parse(metaDefinition(name, dialect, ''));
  return encode(JSON.stringify({ name, description, parameters: inputSchema })).length;
}

test('the tools of a mode take at most 400 tokens', (t) => {
  for (const dialect of ['python', 'javascript'] as const)
    for (const names of [
      ['search_tools', 'call_tool'],
      ['search_tools', 'run_code'],
    ] as const) {
      const tokens = names.reduce((sum, name) => sum + tokensOf(name, dialect), 0);
      t.diagnostic(`${names.join(' + ')} (${dialect}): ${tokens} tokens`);
      assert.ok(tokens <= 400);
    }
});

for (const words of ['python', 'javascript'] as const)
  test(`a signature takes a ninth of its definition, near 50 tokens (${words})`, (t) => {
    const recording = recordedTools();
    const namespaces = namespaceNames([...recording.servers.keys()]);
    let count = 0;
    let signatures = 0;
    for (const [server, tools] of recording.servers) {
      const names = memberNames(tools.map(({ name }) => name));
      for (const tool of tools) {
        const face = readToolFace(JSON.stringify(tool), namespaces.get(server) ?? '', names.get(tool.name) ?? '');
        const line = renderSignature(face, undefined, words);
        assert.ok(!line.includes('\n'));
        signatures += encode(line).length;
        count++;
      }
    }
    const index = renderIndex([...recording.servers].map(([namespace, tools]) => ({ namespace, tools: tools.length })));
    t.diagnostic(
      `${count} tools (${recording.origin}): ${(signatures / count).toFixed(1)} tokens each; index ${encode(index).length}`,
    );
    assert.ok(signatures / count <= (recording.origin === 'recorded definitions' ? 60 : 80));
  });
