import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTable, tomlString } from './edit-toml.ts';

const PATH = ['mcp_servers', 'gw'];
const BODY = ['[mcp_servers.gw]', 'url = "new"'];

test('a table is appended to whatever is there', () => {
  assert.equal(setTable('', PATH, BODY), '[mcp_servers.gw]\nurl = "new"\n');
  assert.equal(setTable('model = "x" # mine\n', PATH, BODY), 'model = "x" # mine\n\n[mcp_servers.gw]\nurl = "new"\n');
});

test('an existing table and its sub-tables are replaced in place, neighbours and comments stay', () => {
  const before = `# top
[mcp_servers."gw"]
url = "old"

[ mcp_servers . gw . env ]
A = "b"

# about the next
[mcp_servers.other]
text = """
[mcp_servers.gw]
"""
`;
  assert.equal(
    setTable(before, PATH, BODY),
    `# top
[mcp_servers.gw]
url = "new"

# about the next
[mcp_servers.other]
text = """
[mcp_servers.gw]
"""
`,
  );
});

test('doing it twice is doing it once', () => {
  const once = setTable('[a]\nb = 1\n', PATH, BODY);
  assert.equal(setTable(once, PATH, BODY), once);
});

test('a server written as an inline table is left alone and reported', () => {
  for (const text of [
    'mcp_servers = { gw = { url = "x" } }\n',
    '[mcp_servers]\ngw = { url = "x" }\n',
    'mcp_servers.gw.url = "x"\n',
    '[mcp_servers]\ngw.url = "x"\n',
  ]) {
    assert.throws(() => setTable(text, PATH, BODY), RangeError, text);
  }
});

test('strings are quoted as TOML wants them', () => {
  assert.equal(tomlString('a"b\\c\n\u007f'), '"a\\"b\\\\c\\n\\u007f"');
});
