// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { ConfigResult, GatewayConfig } from '../../contracts/config.ts';
import { parseConfig } from './parse-config.ts';
import { ConfigFile } from './schema.ts';

const KEY = 'q7hT2mVx9LpR4sWz';
const env = { HOME: '/home/ann', KEY, PORT: '9000', OFF: 'false' };

function parse(config: unknown, more: { readonly [name: string]: string } = {}): ConfigResult {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return parseConfig(text, { file: '/etc/gate/portcullis.json', env: { ...env, ...more } });
}

function accept(config: unknown, more: { readonly [name: string]: string } = {}): GatewayConfig {
  const result = parse(config, more);
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

/** Problems, or warnings of an accepted file, as `path: message -> remedy`. */
function complaints(config: unknown): readonly string[] {
  const result = parse(config);
  const list = result.ok ? result.warnings : result.problems;
  return list.map(({ path, message, remedy }) => `${path}: ${message}${remedy === undefined ? '' : ` -> ${remedy}`}`);
}

const server = { a: { command: 'a' } };

test('an empty object is a configuration: everything has its default', () => {
  const { file: _, ...config } = accept('{}');
  assert.deepEqual(config, {
    servers: [],
    keys: [],
    toolsets: [],
    anonymous: undefined,
    listen: { host: '127.0.0.1', port: 8484, allowedHosts: [], allowedOrigins: [], trustedProxies: [] },
    limits: {
      maxBodyBytes: 33_554_432,
      maxJsonDepth: 128,
      maxMessageBytes: 16_777_216,
      maxSessions: 10_000,
      sessionIdleMs: 1_800_000,
      pageItems: 1000,
      maxToolsPerServer: 10_000,
      questionTimeoutMs: 600_000,
      maxParkedCalls: 1000,
      maxParkedCallsPerKey: 50,
      onStoreLoss: 'refuse',
    },
    audit: { sync: false, arguments: true, maxAgeDays: 30, maxSizeMb: 1024 },
    log: { level: 'info' },
  });
});

test('bounds and a circuit breaker are off until named, and then have defaults', () => {
  const read = (options: object) =>
    accept({ mcpServers: { a: { command: 'x' } }, serverOptions: { a: options } }).servers[0];
  const off = read({});
  assert.deepEqual([off?.limits, off?.circuitBreaker], [undefined, undefined]);
  const on = read({ limits: { maxConcurrent: 3 }, circuitBreaker: {} });
  assert.deepEqual(on?.limits, { maxConcurrent: 3, maxQueued: 100, queueTimeoutMs: 30_000 });
  assert.deepEqual(on?.circuitBreaker, { failures: 5, openMs: 30_000 });
  assert.notEqual(off?.fingerprint, on?.fingerprint);
});

test('bounds on results go by tool; a pattern that names no tool is refused, one for a missing server warned about', () => {
  const mcpServers = { 'my files': { command: 'x' } };
  const { results } = accept({
    mcpServers,
    results: { tools: { 'my-files/read_*': { maxBytes: 5_000 }, '*': { maxBytes: 9_000 } }, keepMs: '${env:PORT}' },
  });
  assert.deepEqual(results, {
    tools: [
      { source: 'my-files/read_*', server: 'my-files', tool: 'read_*', value: { maxBytes: 5_000 } },
      { source: '*', server: '*', tool: '*', value: { maxBytes: 9_000 } },
    ],
    keepMs: 9_000,
    maxKeptBytes: 67_108_864,
  });
  assert.equal(accept({ mcpServers }).results, undefined);
  assert.deepEqual(complaints({ mcpServers, results: { tools: { 'resource:a/b': { maxBytes: 5_000 } } } }), [
    'results.tools["resource:a/b"]: names no tool -> write server/name',
  ]);
  assert.deepEqual(complaints({ mcpServers, results: { tools: { 'my-files': {} } } }), [
    'results.tools.my-files.maxBytes: is missing; expected a number',
  ]);
});

test('what the file says wins over the defaults, references included where numbers and truth values stand', () => {
  const config = accept({
    mcpServers: { 'my files': { command: 'x' } },
    serverOptions: {
      'my files': { protocol: 'legacy', callTimeoutMs: 5, redactArguments: ['a.b'], enabled: '${env:OFF}' },
    },
    keys: [{ name: 'ci', value: '${env:KEY}', allow: ['my-files/read_*'], deny: ['tool:*__write'] }],
    anonymous: { allow: ['*'] },
    listen: { port: '${env:PORT}', host: '[::1]' },
    log: { level: '${env:LEVEL:-debug}' },
  });
  const [files] = config.servers;
  assert.deepEqual(
    [files?.id, files?.enabled, files?.protocol, files?.callTimeoutMs, files?.startTimeoutMs, files?.redactArguments],
    ['my-files', false, 'legacy', 5, 120_000, ['a.b']],
  );
  assert.deepEqual(config.keys[0]?.grant, { allow: ['my-files/read_*'], deny: ['tool:*__write'] });
  assert.equal(config.keys[0]?.value.open(), KEY);
  assert.deepEqual(config.anonymous, { allow: ['*'], deny: [] });
  assert.deepEqual([config.listen.port, config.listen.host, config.log.level], [9000, '::1', 'debug']);
});

const TOP = Object.keys(ConfigFile.shape)
  .filter((name) => !['servers', 'mcp', 'inputs'].includes(name))
  .join(', ');
const ENTRY =
  'type, command, args, env, envFile, cwd, url, serverUrl, httpUrl, headers, document, baseUrl, operations, maxResponseBytes, module, folder, maxMemoryMb, maxBlockMs, disabled, enabled';

const REFUSED: readonly (readonly [config: unknown, ...complaints: string[]])[] = [
  ['', ': the file is empty -> write { "mcpServers": { … } }, or make one with: portcullis init'],
  ['[]', ': expected an object {…}, got a list […] -> write { "mcpServers": { … } }'],
  ['{"log": {"level": "info"', ': the text ends where a comma or } should be'],
  ['{"log": {}, "log": {}}', 'log: stands twice -> keep one of them'],
  [
    '{"mcpServers": {"a": {"command": "a", "env": {"X": "1", "X": "2"}}}}',
    'mcpServers.a.env.X: stands twice -> keep one of them',
  ],
  [
    '{"mcpServers": {"__proto__": {"command": "a"}}}',
    'mcpServers.__proto__: this name cannot be used -> choose another',
  ],
  // Words in the wrong place or misspelt.
  [{ mcpserver: {} }, `mcpserver: unknown field; known here: ${TOP} -> did you mean "mcpServers"?`],
  [{ server: {} }, `server: unknown field; known here: ${TOP} -> did you mean "mcpServers"?`],
  [{ port: 1 }, `port: unknown field; known here: ${TOP} -> did you mean listen.port?`],
  [{ logLevel: 'debug' }, `logLevel: unknown field; known here: ${TOP} -> did you mean log.level?`],
  [{ github: { command: 'x' } }, `github: unknown field; known here: ${TOP} -> put it into "mcpServers"`],
  [{ somethingElse: 1 }, `somethingElse: unknown field; known here: ${TOP}`],
  [{ mcp: { server: {} } }, 'mcp.server: unknown field; known here: servers, inputs -> did you mean "mcpServers"?'],
  [
    { mcpServers: { a: { comand: 'a' } } },
    `mcpServers.a.comand: unknown field; known here: ${ENTRY} -> did you mean "command"?`,
  ],
  [
    { mcpServers: { a: { command: 'a', callTimeoutMs: 1 } } },
    `mcpServers.a.callTimeoutMs: unknown field; known here: ${ENTRY} -> did you mean serverOptions.a.callTimeoutMs?`,
  ],
  [
    { listen: { maxBodyBytes: 1 } },
    'listen.maxBodyBytes: unknown field; known here: host, port, publicUrl, allowedHosts, allowedOrigins, trustedProxies -> did you mean limits.maxBodyBytes?',
  ],
  // Wrong types and values.
  [{ mcpServers: [] }, 'mcpServers: expected an object {…} with one entry per server, got a list […]'],
  [{ mcpServers: { a: 'npx' } }, 'mcpServers.a: expected an object {…}, got a string'],
  [
    { mcpServers: { a: { command: ['npx', '-y'] } } },
    'mcpServers.a.command: expected a string, got a list […] -> put the first item here and the others into "args"',
  ],
  [
    { mcpServers: { a: { command: 'a', args: '-y' } } },
    'mcpServers.a.args: expected a list […], got a string -> put it into a list, one item each: ["…", "…"]',
  ],
  [
    { mcpServers: { a: { command: 'a', args: ['-p', 80] } } },
    'mcpServers.a.args[1]: expected a string, got a number -> put it in double quotes',
  ],
  [
    { mcpServers: { a: { command: 'a', env: { DEBUG: true } } } },
    'mcpServers.a.env.DEBUG: expected a string, got true -> put it in double quotes',
  ],
  [
    { mcpServers: { a: { type: 'htpp', url: 'http://x' } } },
    'mcpServers.a.type: expected one of "stdio", "local", "http", "streamable-http", "streamableHttp", "sse", "in-process", "openapi", "folder" -> did you mean "http"?',
  ],
  [
    { mcpServers: { a: { url: 'http://x', headers: ['Authorization: x'] } } },
    'mcpServers.a.headers: expected an object {…}, got a list […] -> write { "Name": "value" }',
  ],
  [{ listen: { port: 70_000 } }, 'listen.port: must be at most 65535'],
  [{ listen: { port: 80.5 } }, 'listen.port: expected a whole number, got a number'],
  [{ listen: { port: '80' } }, 'listen.port: expected a number, got a string -> leave out the quotes'],
  [{ listen: { port: '${env:KEY}' } }, 'listen.port: expected a number, got a reference that stands for other text'],
  [{ audit: { sync: 'true' } }, 'audit.sync: expected true or false, got a string -> write true without quotes'],
  [{ limits: null }, 'limits: expected an object {…}, got null -> leave the field out'],
  // Servers whose fields do not go together.
  [
    { mcpServers: { a: {} } },
    'mcpServers.a: has neither a "command" nor a "url" -> add "command" to start a program, or "url" for a remote server',
  ],
  [
    { mcpServers: { a: { command: 'x', url: 'http://x' } } },
    'mcpServers.a: has both a "command" and a "url" -> keep "command" to start a program, "url" for a remote server',
  ],
  [
    { mcpServers: { a: { type: 'stdio', url: 'http://x' } } },
    'mcpServers.a.type: "stdio" does not go with a "url" -> write "type": "http", or leave "type" out',
  ],
  [
    { mcpServers: { a: { type: 'http' } } },
    'mcpServers.a.url: is missing; expected a string that is not empty -> write the address, e.g. "https://example.com/mcp"',
  ],
  [
    { mcpServers: { a: { url: 'x', httpUrl: 'https://x' } } },
    'mcpServers.a: has "url" and "httpUrl" -> keep one of them',
    'mcpServers.a.url: is not a complete URL -> write it out, e.g. "https://example.com/mcp"',
  ],
  [{ mcpServers: { a: { url: 'ws://x' } } }, 'mcpServers.a.url: expected a URL that begins with http:// or https://'],
  [
    { mcpServers: { a: { url: 'https://ann:pw@x' } } },
    'mcpServers.a.url: holds a user name or password -> send it in "headers", e.g. "Authorization": "Basic ${env:NAME}"',
  ],
  [
    { mcpServers: { a: { url: 'https://x', headers: { A: 'x\n', a: 'y' } } } },
    'mcpServers.a.headers.A: holds a line break or another character that no HTTP header can -> look for a line break at the end of the value',
    'mcpServers.a.headers.a: stands twice: upper and lower case do not count in header names -> keep one of them',
  ],
  [
    { mcpServers: { a: { command: 'a', env: { T: '${env:NONE}' } } } },
    'mcpServers.a.env.T: the environment variable NONE is not set -> set it before starting, or give a default: ${env:NONE:-…}',
  ],
  [
    { servers: { a: { command: '${input:tool}' } } },
    'servers.a.command: ${input:tool} asks the user of VS Code, which a gateway cannot -> write ${env:TOOL} and set that variable before starting',
  ],
  [
    { servers: server, mcpServers: server },
    'servers.a: there is a server of this name at mcpServers.a too -> rename one of them',
  ],
  [
    { mcpServers: { 'a b': server.a, 'a.b': server.a } },
    'mcpServers["a.b"]: gets the same id as mcpServers["a b"]: a-b -> rename one of them',
  ],
  [
    { mcpServers: { ab: server.a, AB: server.a } },
    'mcpServers.AB: gets the same id as mcpServers.ab: AB -> rename one of them',
  ],
  [
    { mcpServers: { github: server.a }, serverOptions: { gihub: {} } },
    'serverOptions.gihub: there is no server of this name in mcpServers -> did you mean "github"?',
  ],
  // Toolsets.
  [{ toolsets: [] }, 'toolsets: expected an object {…} with one entry per toolset, got a list […]'],
  [
    { mcpServers: { github: server.a }, toolsets: { sse: { tools: ['github/*'] }, 'a b': { tools: ['github'] } } },
    'toolsets.sse: this name is taken by the old transport -> choose another name; it stands in the URL',
    'toolsets["a b"]: expected a name of letters, digits, "_" and "-", at most 64 -> choose another name; it stands in the URL',
  ],
  [
    {
      mcpServers: { github: server.a },
      toolsets: { t: { tools: ['gihub/*', 'github/', 7, { tool: 'github/*', name: 'x' }] } },
    },
    'toolsets.t.tools[0]: there is no server with the id "gihub" -> did you mean "github"?',
    'toolsets.t.tools[1]: expected "server/name", got "github/" -> write e.g. "github/*"',
    'toolsets.t.tools[2]: expected "server/name" or { "tool": "server/name", … }, got a number',
    'toolsets.t.tools[3]: an entry with words of its own names one tool -> write server/name without "*"',
  ],
  [
    {
      mcpServers: { github: server.a },
      toolsets: {
        t: {
          tools: [
            { tool: 'github/a', name: 'bug' },
            { tool: 'github/b', name: 'bug' },
            { tool: 'github/c', name: 'no spaces' },
            { tool: 'github/d', name: 'github__e' },
            { tool: 'github/g', name: '2fa' },
            'github/f',
            'github__f',
          ],
          resources: ['github/memo:x', { resource: 'github/memo:x', description: 'x' }],
        },
      },
    },
    'toolsets.t.tools[1].name: has the same name as toolsets.t.tools[0].name: bug -> give one of them another "name"',
    'toolsets.t.tools[2].name: expected letters, digits, "_" and "-", no digit or "-" in front, at most 64 -> model APIs take no other',
    'toolsets.t.tools[3].name: begins like the names of server "github", which could have a tool of this name -> choose a name without that beginning',
    'toolsets.t.tools[4].name: expected letters, digits, "_" and "-", no digit or "-" in front, at most 64 -> model APIs take no other',
    'toolsets.t.tools[6]: has the same name as toolsets.t.tools[5]: github__f -> give one of them another "name"',
    'toolsets.t.resources[1]: has the same name as toolsets.t.resources[0]: github__memo:x -> take one of them out',
  ],
  [
    {
      mcpServers: { github: server.a },
      toolsets: { team: { tools: ['github'] } },
      keys: [{ name: 'x', value: '${env:KEY}', toolsets: ['taem'] }],
    },
    'keys[0].toolsets[0]: there is no toolset of this name -> did you mean "team"?',
  ],
  [
    {
      mcpServers: { github: server.a },
      toolsets: { t: { tool: ['github'], tools: [{ tool: 'github/a', nmae: 'x' }] } },
    },
    'toolsets.t.tool: unknown field; known here: description, instructions, mode, tools, prompts, resources -> did you mean "tools"?',
    'toolsets.t.tools[0].nmae: unknown field; known here: tool, name, title, description -> did you mean "name"?',
  ],
  // Keys and patterns.
  [
    { keys: { value: 'x' } },
    'keys: expected a list […] of keys, got an object {…} -> write [{ "name": …, "value": "${env:…}", "allow": ["*"] }]',
  ],
  [
    { keys: [{ name: 'x', value: 'short', allow: ['*'] }] },
    'keys[0].value: is too short; expected at least 16 characters -> make one with: openssl rand -hex 24',
  ],
  [
    { keys: [{ name: 'x', value: 'aaaaaaaaaaaaaaaaaaaaaaa', allow: ['*'] }] },
    'keys[0].value: is easy to guess: it has very few different characters -> make one with: openssl rand -hex 24',
  ],
  [
    { keys: [{ name: 'x', value: `${KEY}\n`, allow: ['*'] }] },
    'keys[0].value: holds a space, a line break or a character that is not ASCII -> make one with: openssl rand -hex 24',
  ],
  [
    { keys: [{ name: 'x', value: '${KEY}', allow: ['*'] }] },
    'keys[0].value: this ${…} is no reference here -> write ${env:KEY}',
  ],
  [
    { keys: [{ allow: ['*'] }] },
    'keys[0].name: is missing; expected a string',
    'keys[0].value: is missing; expected a string',
  ],
  [
    {
      keys: [
        { name: 'x', value: '${env:KEY}', allow: ['*'] },
        { name: 'x', value: '${env:KEY}', allow: ['*'] },
      ],
    },
    'keys[1].name: is the name of keys[0] too -> give each key its own name',
    'keys[1].value: is the value of keys[0] too -> give each key its own value',
  ],
  [
    { keys: [{ name: 'x', value: '${env:KEY}', allow: ['', 'tools:a/b', 'my server/x', 'a/', '/x'] }] },
    'keys[0].allow[0]: is empty -> write a pattern, e.g. "github/*", or leave it out',
    'keys[0].allow[1]: begins with no kind there is; expected tool:, prompt:, resource:, model: or none -> did you mean "tool:"?',
    'keys[0].allow[2]: the server is not written as an id: a letter, then letters, digits, "_", "-" and * -> write the id of the server',
    'keys[0].allow[3]: names nothing after "/" -> add a name, or * for all',
    'keys[0].allow[4]: names no server -> write server/name; * stands for any server',
  ],
  [
    { anonymous: { allow: ['*'] }, listen: { host: '0.0.0.0' } },
    'anonymous: callers without a key are only let in on a loopback address, and listen.host is none -> set listen.host to "127.0.0.1", or take "anonymous" out and make a key',
  ],
  [
    { listen: { host: '0.0.0.0:80', allowedHosts: ['http://x'], allowedOrigins: ['*'] } },
    'listen.host: expected an IP address or a host name -> put the port into listen.port',
    'listen.allowedHosts[0]: expected name or name:port -> leave out http:// and everything after the name',
    'listen.allowedOrigins[0]: expected an origin: scheme://name or scheme://name:port -> name the origins; a wildcard would let any web page in',
  ],
];

for (const [config, ...expected] of REFUSED) {
  const shown = typeof config === 'string' ? config : JSON.stringify(config);
  test(`refused with a reason and a remedy: ${shown.slice(0, 90)}`, () => {
    const result = parse(config);
    assert.equal(result.ok, false);
    assert.deepEqual(complaints(config), expected);
  });
}

test('a folder of tools is read with its environment, its bounds and their defaults', () => {
  const read = (entry: object) => {
    const result = parse({ mcpServers: { tools: entry } });
    assert.ok(result.ok, JSON.stringify(result));
    const transport = result.config.servers[0]?.transport;
    assert.ok(transport?.type === 'folder');
    return transport;
  };
  const { folder, env, maxMemoryMb, maxBlockMs } = read({
    type: 'folder',
    folder: './tools',
    env: { A: '${env:KEY}' },
  });
  assert.match(folder, /^\/.*\/tools$/);
  assert.deepEqual([Object.keys(env), String(env.A), maxMemoryMb, maxBlockMs], [['A'], '[redacted]', 512, 10_000]);
  assert.equal(read({ folder: '/srv/tools', maxMemoryMb: 128, maxBlockMs: 500 }).maxMemoryMb, 128);
  assert.deepEqual(complaints({ mcpServers: { a: { type: 'folder', folder: '' } } }), [
    'mcpServers.a.folder: is missing; expected a string that is not empty -> name the folder that holds the tools, e.g. "./tools"',
  ]);
  assert.match(String(complaints({ mcpServers: { a: { folder: 'x', maxMemoryMb: 1 } } })), /maxMemoryMb: .*32/);
});

test('what is odd but usable is accepted with a warning', () => {
  assert.deepEqual(
    complaints({
      mcpServers: { github: { command: 'npx -y x', headers: { A: 'b' } }, 'my files': { command: 'y' } },
      keys: [
        { name: 'k', value: KEY, allow: ['gihub/x', 'my-files'], deny: ['gone__*'] },
        { name: 'none', value: 'zR4t-Yq81_mNbVc3' },
      ],
    }),
    [
      'mcpServers.github.command: looks like a whole command line, but names only the program; no shell takes it apart -> put the first word into "command" and each of the others into "args"',
      'mcpServers.github.headers: has no effect on a server of type stdio -> leave it out',
      'keys[0].value: the key stands in the file in clear -> write ${env:NAME} and set that variable before starting',
      'keys[0].allow[0]: there is no server with this id -> did you mean "github"?',
      'keys[0].deny[0]: there is no server with this id',
      'keys[1].allow: allows nothing, so nothing can be reached -> add patterns, e.g. "allow": ["*"]',
      'keys[1].value: the key stands in the file in clear -> write ${env:NAME} and set that variable before starting',
    ],
  );
});

test('the token for metrics is a secret like any other', () => {
  const metrics = (token: unknown) => complaints({ metrics: { token } }).filter((line) => line.startsWith('metrics'));
  assert.deepEqual(metrics('${env:METRICS_TOKEN_UNSET}').length, 1);
  assert.match(metrics('short')[0] ?? '', /^metrics\.token: is too short/);
  assert.match(metrics('a b c d e f g h i j')[0] ?? '', /^metrics\.token: holds a space/);
  assert.deepEqual(metrics('zR4t-Yq81_mNbVc3'), [
    'metrics.token: the token stands in the file in clear -> write ${env:NAME} and set that variable before starting',
  ]);
  const result = parse({ metrics: { token: 'zR4t-Yq81_mNbVc3' } });
  assert.ok(result.ok);
  assert.equal(result.config.metrics?.token.open(), 'zR4t-Yq81_mNbVc3');
  assert.equal(JSON.stringify(result.config).includes('zR4t'), false);
});

test('every problem is listed, in the order of the file, with its line and column', () => {
  const text = `{
  "mcpServers": {
    "a": { "comand": "x", "args": [1] } // two
  },
  "keys": [{ "name": "", "value": "short", "allow": ["a/"], "deny": "x" }],
  "listen": { "port": -1,
    "host": "http://x" },
  "prot": 1,
}`;
  const result = parseConfig(text, { file: 'p.json', env: {} });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map(({ path, line, column }) => `${line}:${column} ${path}`),
    [
      '3:12 mcpServers.a.comand',
      '3:36 mcpServers.a.args[0]',
      '5:22 keys[0].name',
      '5:35 keys[0].value',
      '5:54 keys[0].allow[0]',
      '5:69 keys[0].deny',
      '6:23 listen.port',
      '7:13 listen.host',
      '8:3 prot',
    ],
  );
});

test('a file with thousands of mistakes is answered in short', () => {
  const config = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x${i}`, i]));
  const result = parse(config);
  assert.ok(!result.ok);
  assert.equal(result.problems.length, 101);
  assert.match(result.problems.at(-1)?.message ?? '', /only the first 100/);
});

test('a server keeps its fingerprint unless something of its own changes, secrets included', () => {
  const of = (entry: object, others: object = {}, more = {}) =>
    accept({ mcpServers: { a: entry, ...others } }, more).servers[0]?.fingerprint;
  const entry = { command: 'x', args: ['1'], env: { A: '${env:S}', B: 'b' } };
  const before = of(entry, {}, { S: 's' });
  assert.match(before ?? '', /^[0-9a-f]{64}$/);
  assert.equal(of({ env: { B: 'b', A: 's' }, args: ['1'], command: 'x' }, { z: { command: 'z' } }), before);
  assert.notEqual(of(entry, {}, { S: 't' }), before);
  assert.notEqual(of({ ...entry, args: ['2'] }, {}, { S: 's' }), before);
  assert.notEqual(of({ ...entry, disabled: true }, {}, { S: 's' }), before);
});

test('no secret is ever shown: not in the configuration as JSON or inspected, not in problems or warnings', () => {
  const secret = 'S3cret-Value-0123456789';
  const more = { S: secret, URL_S: `https://x.example/${secret}` };
  const good = {
    mcpServers: {
      a: { command: 'run-${S}', args: ['--token=${env:S}'], cwd: '/x/${S}', env: { A: secret, B: '${S}' } },
      b: { url: '${URL_S}', headers: { Authorization: `Bearer ${secret}` } },
    },
    keys: [{ name: 'k', value: secret, allow: ['*'] }],
  };
  const config = accept(good, more);
  const [a, b] = config.servers;
  assert.ok(a?.transport.type === 'stdio' && b?.transport.type === 'http');
  assert.deepEqual([a.transport.args[0], b.transport.url], [`--token=${secret}`, `https://x.example/${secret}`]);
  for (const shown of [
    JSON.stringify(config),
    inspect(config, { depth: 20, showHidden: true }),
    `${config.keys[0]?.value}`,
  ])
    assert.ok(!shown.includes(secret), shown);
  assert.match(JSON.stringify(config), /--token=\$\{env:S\}/);

  const bad = {
    mcpServers: {
      a: { type: '${S}', command: '${S}\0', env: { 'A=S3cret-Value-0123456789': 'x', B: `${secret}\0` } },
      b: { url: `x:${secret}`, headers: { [`Bearer ${secret}`]: '', X: `${secret}\n` } },
      c: { url: `https://${secret}@x` },
    },
    keys: [
      { name: 'k', value: `${secret} ` },
      { name: 'k', value: '${env:S}', allow: ['${env:S}/', 'x ${env:S}', '${env:S}:x'] },
      { name: 'n', value: 1234567890123456 },
    ],
    listen: { host: '${env:S}:', port: '${env:S}', allowedOrigins: ['${env:S}'] },
  };
  const result = parse(bad, more);
  assert.ok(!result.ok && result.problems.length > 10);
  assert.ok(!/S3cret|123456789012/.test(JSON.stringify(result.problems)), JSON.stringify(result.problems, null, 1));
});

test('whatever the text is, the answer is a configuration or at least one problem', () => {
  const field = fc.constantFrom(
    ...[
      'mcpServers',
      'servers',
      'mcp',
      'serverOptions',
      'keys',
      'anonymous',
      'listen',
      'limits',
      'audit',
      'log',
      'a',
      'b',
    ],
    ...[
      'command',
      'args',
      'env',
      'url',
      'headers',
      'type',
      'disabled',
      'name',
      'value',
      'allow',
      'deny',
      'port',
      'host',
    ],
    ...['inputs', 'tools', 'timeout', 'envFile', 'enabled', '__proto__', 'constructor', '', 'callTimeoutMs'],
  );
  const text = fc.oneof(
    fc.constantFrom(
      '*',
      'a/b',
      'a',
      '${env:KEY}',
      '${NONE}',
      '${env:NONE}',
      '${PORT}',
      'http://x/',
      'stdio',
      'sse',
      '${OFF}',
    ),
    fc.string(),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      text,
      fc.integer(),
      fc.constantFrom(null, true, false),
      fc.array(tie('value'), { maxLength: 3 }),
      fc
        .array(fc.tuple(field, tie('value')), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries) as unknown),
    ),
  }));
  const document = fc
    .array(fc.tuple(field, value), { maxLength: 5 })
    .map((entries) => JSON.stringify(Object.fromEntries(entries)));
  fc.assert(
    fc.property(
      fc.oneof(
        document,
        fc.string({ unit: 'binary' }),
        fc.json(),
        value.map((v) => JSON.stringify(v)),
      ),
      (input) => {
        const result = parse(input);
        const list = result.ok ? result.warnings : result.problems;
        assert.ok(result.ok || list.length > 0, input);
        for (const { line, column, message } of list) {
          assert.ok(message !== '' && (line === undefined || (line >= 1 && (column ?? 0) >= 1)));
          assert.ok(!message.includes(KEY));
        }
        if (result.ok) for (const each of result.config.servers) assert.match(each.id, /^[A-Za-z0-9_-]{1,32}$/);
      },
    ),
    { numRuns: 400 },
  );
});

test('a key may say how its requests to models get tools; callers without a key may not', () => {
  const keys = [
    { name: 'a', value: '${env:KEY}', allow: ['*'], toolMode: 'classic' },
    { name: 'b', value: 'another-key-0123456789', allow: ['*'] },
  ];
  assert.deepEqual(
    accept({ keys }).keys.map(({ grant }) => grant),
    [
      { allow: ['*'], deny: [], toolMode: 'classic' },
      { allow: ['*'], deny: [] },
    ],
  );
  assert.match(String(complaints({ keys: [{ ...keys[0], toolMode: 'scripts' }] })), /keys\[0\]\.toolMode: /);
  assert.match(String(complaints({ anonymous: { allow: ['*'], toolMode: 'off' } })), /anonymous\.toolMode: /);
});

test('credentials of a server that do not go together are refused, each with its place and a remedy', () => {
  const problemsOf = (options: object, entry: object = { url: 'https://x.example/mcp' }): string[] => {
    const text = JSON.stringify({ mcpServers: { x: entry }, serverOptions: { x: options } });
    const result = parseConfig(text, { file: '/portcullis.json', env: {}, readFile: () => '' });
    return result.ok ? [] : result.problems.map(({ path, message, remedy }) => `${path}: ${message} (${remedy})`);
  };
  const perUser = { credentials: 'per-user' };
  const userHeaders = [{ name: 'X-Api-Key' }];
  assert.deepEqual(problemsOf(perUser), []);
  assert.deepEqual(problemsOf({ ...perUser, userHeaders }), []);
  const api = { type: 'openapi', document: 'https://x.example/api.json', baseUrl: 'https://x.example' };
  const issuer = { oauth: { issuer: 'https://id.example' } };
  for (const entry of [{ type: 'sse', url: 'https://x.example/sse' }, api])
    assert.deepEqual([...problemsOf(perUser, entry), ...problemsOf({ ...perUser, userHeaders }, entry)], []);
  assert.deepEqual(problemsOf({ ...perUser, ...issuer }, api), []);
  for (const [options, entry, says] of [
    [{ userHeaders }, undefined, /userHeaders: has no effect without "credentials": "per-user"/],
    [perUser, { command: 'x' }, /"per-user" is for servers of type "http", "sse" and "openapi"/],
    [perUser, { ...api, baseUrl: undefined }, /credentials: "per-user" needs "baseUrl"/],
    [perUser, { ...api, auth: { type: 'bearer', token: 'x' } }, /"Authorization" header in "auth"/],
    [
      { ...perUser, userHeaders },
      { ...api, auth: { type: 'header', name: 'x-api-key', value: 'x' } },
      /stands in "auth" of the server/,
    ],
    [{ ...perUser, ...issuer }, undefined, /oauth.issuer: is for servers of type "openapi"/],
    [issuer, api, /oauth.issuer: is for servers of type "openapi" with/],
    [perUser, { url: 'https://x.example/mcp', headers: { authorization: 'x' } }, /would be everybody's/],
    [{ ...perUser, userHeaders, oauth: {} }, undefined, /stands beside "oauth"/],
    [{ ...perUser, userHeaders: [{ name: 'Mcp-Session-Id' }] }, undefined, /belongs to the protocol/],
    [{ ...perUser, userHeaders: [...userHeaders, { name: 'x-api-key' }] }, undefined, /stands twice/],
    [{ ...perUser, userHeaders: [{ name: 'X Y' }] }, undefined, /name of an HTTP header/],
    [{ ...perUser, userHeaders: [{ name: 'X', label: 'x' }] }, undefined, /label/],
    [{ credentials: 'mine' }, undefined, /credentials/],
    [{ oauth: { clientCredentials: { issuer: 'https://id.example' } } }, undefined, /needs "clientId"/],
    [
      { oauth: { clientId: 'x', clientCredentials: { issuer: 'https://id.example', privateKey: 'x' } } },
      undefined,
      /no private key in PEM/,
    ],
    [
      { ...perUser, oauth: { clientId: 'x', clientSecret: 'y', clientCredentials: { issuer: 'https://id.example' } } },
      undefined,
      /is of the gateway/,
    ],
  ] as const)
    assert.ok(
      problemsOf(options, entry).some((problem) => says.test(problem)),
      `${says}: ${problemsOf(options, entry).join('; ')}`,
    );
});
