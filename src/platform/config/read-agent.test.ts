import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

const parse = (agent: unknown, bounds: unknown = {}) =>
  parseConfig(
    JSON.stringify({
      mcpServers: { files: { command: 'node' } },
      teams: { core: { bounds } },
      keys: [{ name: 'k', value: 'pck_0123456789abcdef', allow: ['*'], team: 'core', agent }],
    }),
    { file: '/portcullis.json', env: {} },
  );

test('agent mode of a key has careful defaults; the bounds of a team bound nothing that they do not name', () => {
  const result = parse({ auto: ['files/read_*'] }, { agent: { maxRounds: 3 } });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.config.keys[0]?.grant.agent, {
    ...{ mode: 'off', auto: ['files/read_*'], onlyIf: [], maxRounds: 10, maxCalls: 50, maxDurationMs: 600_000 },
  });
  const [team] = result.config.people ?? [];
  assert.deepEqual(team?.grant?.agent, {
    ...{ mode: 'on', auto: ['*'], onlyIf: [], maxRounds: 3, maxCalls: 10_000, maxDurationMs: 3_600_000 },
  });
});

test('what agent mode cannot mean is refused with its path', () => {
  const problemsOf = (agent: unknown): string => {
    const result = parse(agent);
    return result.ok ? '' : result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
  };
  assert.match(problemsOf({ mode: 'always' }), /agent\.mode/);
  assert.match(problemsOf({ onlyIf: ['safe'] }), /agent\.onlyIf/);
  assert.match(problemsOf({ maxRounds: 0 }), /agent\.maxRounds/);
  assert.match(problemsOf({ rounds: 3 }), /agent/);
});
