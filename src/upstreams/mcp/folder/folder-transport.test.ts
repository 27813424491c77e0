// biome-ignore-all lint/suspicious/noTemplateCurlyInString: code of tool files
/** Folders of tools over a real link: real files, real processes. */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GatewayError } from '../../../contracts/errors.ts';
import { Secret } from '../../../contracts/secret.ts';
import { callTool, createPeer, linkRequest } from '../fixtures/link-testing.ts';
import { call, failureOf, isAlive, listNames, openFolder, plain, put, textOf, until } from './fixtures/open-folder.ts';

const TIMEOUT = { timeout: 60_000 };

test(
  'a file becomes a tool with its name, its schema and its hints; helpers, tests and types do not',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'greet.ts': `
      import { tool, z } from 'portcullis/tools';
      import { polite } from './lib/polite.ts';
      export default tool({
        title: 'Greet',
        description: 'Greets',
        input: z.object({ name: z.string().min(1), times: z.number().int().default(1) }),
        output: z.object({ greeting: z.string() }),
        annotations: { readOnly: true, destructive: false },
        handler: ({ name, times }) => ({ greeting: polite(name).repeat(times) }),
      });`,
      'lib/polite.ts': 'export const polite = (name: string): string => `Hello ${name}. `;',
      'two.mjs': `
      const handler = () => 'x';
      export const first = { description: 'One of two', handler };
      export const second = { description: 'The other', handler, name: 'other' };
      export const limit = 3;`,
      'json.js': `
      export default { description: 'd', input: { type: 'object', properties: { n: { type: 'integer', maximum: 9 } }, required: ['n', 'm'] }, handler: (a) => a.n };`,
      '_helper.ts': 'throw new Error("never loaded");',
      'greet.test.ts': 'throw new Error("never loaded");',
      'types.d.ts': 'export {};',
      'README.md': '# Tools',
    });
    const reply = await opened.link.request(linkRequest('tools/list', {}));
    const { tools } = JSON.parse(reply.text) as { tools: { name: string; [field: string]: unknown }[] };
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['greet', 'json', 'first', 'other'],
    );
    const greet = tools[0] as { inputSchema?: object; outputSchema?: object; annotations?: object; title?: string };
    assert.deepEqual([greet.title, greet.annotations], ['Greet', { readOnlyHint: true, destructiveHint: false }]);
    assert.deepEqual(Object.keys((greet.inputSchema as { properties: object }).properties), ['name', 'times']);
    assert.deepEqual((greet.outputSchema as { required: string[] }).required, ['greeting']);
    assert.deepEqual(opened.problems(), []);

    const greeted = await call(opened, 'greet', { name: 'Ada' });
    assert.deepEqual(greeted.structuredContent, { greeting: 'Hello Ada. ' }, 'defaults of the schema apply');
    assert.equal(textOf(greeted), '{"greeting":"Hello Ada. "}');
    assert.equal(textOf(await call(opened, 'first')), 'x');

    const refused = await call(opened, 'greet', { name: '', times: 'many' });
    assert.equal(refused.isError, true);
    assert.match(textOf(refused) ?? '', /^Invalid arguments: name: .+; times: /);
    assert.match(textOf(await call(opened, 'json', { n: 10 })) ?? '', /^Invalid arguments: .*n: .+m: /);
    assert.match(textOf(await call(opened, 'first', { surplus: 1 })) ?? '', /surplus/);
    assert.equal((await opened.link.request(callTool('missing'))).type, 'rpc-error');
  },
);

test(
  'a result is text, a value, or a full MCP result; one that breaks the output schema is an error',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'nothing.js': plain('() => undefined'),
      'list.js': plain('() => [1, 2]'),
      'full.js': plain(
        "() => ({ content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }], _meta: { x: 1 } })",
      ),
      'cyclic.js': plain('() => { const a = {}; a.a = a; return a; }'),
      'broken.js': plain("() => ({ n: 'one' })", "output: { type: 'object', properties: { n: { type: 'number' } } },"),
    });
    assert.deepEqual((await call(opened, 'nothing')).content, []);
    const list = await call(opened, 'list');
    assert.deepEqual([textOf(list), list.structuredContent], ['[1,2]', undefined]);
    assert.deepEqual(
      (await call(opened, 'full')).content.map(({ text }) => text),
      ['a', 'b'],
    );
    for (const name of ['cyclic', 'broken']) assert.equal((await call(opened, name)).isError, true, name);
  },
);

test('arguments with line separators of other scripts arrive as they are', TIMEOUT, async (t) => {
  const opened = await openFolder(t, { 'echo.js': plain('({ text }) => text', "input: { type: 'object' },") });
  const text = 'a\u2028b\u2029c\u0085d';
  assert.equal(textOf(await call(opened, 'echo', { text })), text);
});

test(
  'what a tool throws is told without its stack, which goes to the log; what it prints disturbs nobody',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'bad.ts': plain(
        "async () => { console.log('half a line {'); process.stdout.write('{\"jsonrpc\":\"2.0\"}\\n'); throw new Error('no such city'); }",
      ),
    });
    const result = await call(opened, 'bad');
    assert.deepEqual([result.isError, result.content], [true, [{ type: 'text', text: 'no such city' }]]);
    const logged = await until(
      () =>
        opened.log.lines
          .map(({ message }) => message)
          .join('\n')
          .includes('bad.ts:') && opened.log.lines,
    );
    assert.ok(logged.some(({ message }) => message.includes('half a line')));
    assert.equal(textOf(await call(opened, 'bad')), 'no such city');
  },
);

test(
  'progress and log messages reach the call they belong to, and cancelling aborts the signal of the handler',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'slow.js': plain(
        `(args, { progress, log, signal, caller }) => {
      progress(1, 2, 'half');
      log('warning', 'careful', { caller });
      log('debug', 'not asked for');
      return args.wait ? new Promise((_, reject) => signal.addEventListener('abort', () => { console.error('heard: ' + signal.reason.message); reject(signal.reason); })) : 'done';
    }`,
        "input: { type: 'object' },",
      ),
    });
    const peer = createPeer({
      era: 'modern',
      progressToken: '"mine"',
      logLevel: 'info',
      info: '{"name":"tester","version":"1"}',
    });
    const other = createPeer({ era: 'modern', progressToken: '"other"', logLevel: 'info' });
    const cancel = new AbortController();
    const waiting = failureOf(
      opened.link.request(callTool('slow', { wait: true }, { peer: other, keyId: 'b', signal: cancel.signal })),
    );
    await until(() => other.notifications.length === 2);
    assert.equal(textOf(await call(opened, 'slow', {}, { peer, keyId: 'a' })), 'done');
    assert.deepEqual(
      peer.notifications.map(({ method, params }) => [method, JSON.parse(params ?? '')]),
      [
        ['notifications/progress', { progressToken: 'mine', progress: 1, total: 2, message: 'half' }],
        [
          'notifications/message',
          {
            level: 'warning',
            logger: 'slow',
            data: { message: 'careful', data: { caller: { name: 'tester', version: '1' } } },
          },
        ],
      ],
    );
    cancel.abort();
    assert.equal((await waiting).code, 'cancelled');
    await until(() => opened.log.lines.some(({ message }) => message.includes('heard: ')));
  },
);

test(
  'an async handler that never ends costs only its own call; a new call finds the same process',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'never.js': plain('() => new Promise(() => {})'),
      'pid.js': plain('() => process.pid'),
    });
    const before = textOf(await call(opened, 'pid'));
    const failure = await failureOf(opened.link.request(callTool('never', {}, { timeoutMs: 300 })));
    assert.equal(failure.code, 'upstream_timeout');
    assert.equal(textOf(await call(opened, 'pid')), before);
  },
);

test(
  'an endless loop has its process ended: its caller is told so, other calls learn that their outcome is unknown, later ones are served',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'loop.js': plain('() => { for (;;); }'),
      'wait.js': plain('() => new Promise(() => {})'),
      'pid.js': plain('() => process.pid'),
    });
    const before = textOf(await call(opened, 'pid'));
    const peer = createPeer();
    const other = failureOf(opened.link.request(callTool('wait', {}, { peer })));
    await call(opened, 'pid');
    const looping = failureOf(opened.link.request(callTool('loop')));
    const late = call(opened, 'pid').then(textOf, (error: GatewayError) => error.code);
    assert.match((await looping).message, /in time: a tool blocked its process for more than 600 ms/);
    assert.equal((await looping).code, 'upstream_timeout');
    assert.equal((await other).code, 'outcome_unknown');
    assert.equal(await late, 'upstream_unavailable', 'it never reached its handler, so it may be repeated');
    const after = textOf(await call(opened, 'pid'));
    assert.notEqual(after, before);
    await until(() => !isAlive(Number(before)));
    assert.match(opened.failures.join(), /blocked its process/);
  },
);

test('a tool that ends its process, or uses up its memory, is survived in the same way', TIMEOUT, async (t) => {
  const opened = await openFolder(
    t,
    {
      'leave.js': plain('() => process.exit(3)'),
      'eat.js': plain('() => { const all = []; for (;;) all.push(new Array(100000).fill(Math.random())); }'),
      'ok.js': plain("() => 'fine'"),
    },
    { maxMemoryMb: 32, maxBlockMs: 20_000 },
  );
  assert.equal((await failureOf(opened.link.request(callTool('leave')))).code, 'outcome_unknown');
  assert.equal(textOf(await call(opened, 'ok')), 'fine');
  assert.equal((await failureOf(opened.link.request(callTool('eat')))).code, 'outcome_unknown');
  assert.equal(textOf(await call(opened, 'ok')), 'fine');
  assert.match(opened.failures[0] ?? '', /exited with code 3/);
  assert.match(opened.failures[1] ?? '', /ended by SIG|exited with code/);
});

test(
  'an exception outside of any call is logged, and a fresh process takes over while calls finish in the old one',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'stray.js': plain("() => { setTimeout(() => { throw new Error('stray'); }, 1); return 'sent'; }"),
      'slow.js': plain('(_, { signal }) => new Promise((done) => { setTimeout(() => done(process.pid), 1500); })'),
      'pid.js': plain('() => process.pid'),
    });
    const before = textOf(await call(opened, 'pid'));
    const slow = call(opened, 'slow');
    assert.equal(textOf(await call(opened, 'stray')), 'sent');
    await until(async () => textOf(await call(opened, 'pid')) !== before);
    assert.equal(textOf(await slow), before);
    assert.ok(opened.log.lines.some(({ message }) => message.includes('stray')));
  },
);

test('files that are wrong are left out with the reason, the rest is served', TIMEOUT, async (t) => {
  const opened = await openFolder(t, {
    'ok.js': plain("() => 'fine'"),
    'syntax.ts': 'export default {\n  description: "x",\n  handler: () => {{,\n};',
    'enum.ts': 'enum A { B }\nexport default { description: "x", handler: () => A.B };',
    'throws.js': 'throw new Error("no key");',
    'empty.js': 'export const a = 1;',
    'typo.js': plain('() => 1', 'descripton: 1,'),
    'schema.js': plain('() => 1', "input: { type: 'object', not: { required: ['x'] } },"),
    'text.js': plain('() => 1', "input: { type: 'string' },"),
    'my tool.js': plain('() => 1'),
    'import.js': "import './missing.js';",
    'a.js': plain('() => 1', "name: 'same',"),
    'b.js': plain('() => 2', "name: 'same',"),
  });
  assert.deepEqual(await listNames(opened), ['ok']);
  const problems = opened.problems().join('\n');
  for (const expected of [
    /^syntax\.ts: SyntaxError: .*/m,
    /^enum\.ts: .*enum/m,
    /^throws\.js: no key/m,
    /^empty\.js: exports no tool/m,
    /^typo\.js: unknown field descripton; there are name, title/m,
    /^schema\.js: not is not supported/m,
    /^text\.js: input must describe an object/m,
    /^my tool\.js: "my tool" is no name for a tool/m,
    /^import\.js: .*missing\.js/m,
    /^a\.js: the tool name "same" stands in b\.js too; rename one/m,
    /^b\.js: the tool name "same" stands in a\.js too; rename one/m,
  ])
    assert.match(problems, expected);
  assert.equal(textOf(await call(opened, 'ok')), 'fine');
});

test(
  'a file that loops, ends the process or awaits for ever while it loads is left out as well',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(
      t,
      {
        'loop.js': 'for (;;);',
        'leave.js': 'process.exit(1);',
        'await.js': 'await new Promise((done) => setTimeout(done, 100_000));',
        'ok.js': plain("() => 'fine'"),
      },
      { startTimeoutMs: 20_000 },
    );
    assert.deepEqual(await listNames(opened), ['ok']);
    const problems = [...opened.problems()].sort().join('\n');
    assert.match(
      problems,
      /^await\.js: did not finish loading within 2500 ms \(a top-level await\?\)\nleave\.js: .*exited with code 1.*\nloop\.js: did not finish loading/,
    );
  },
);

test('a folder that is not there cannot be opened, and the reason names it', TIMEOUT, async (t) => {
  await assert.rejects(openFolder(t, {}, { folder: '/no/such/folder' }), /\/no\/such\/folder/);
});

test(
  'tools get the configured environment and nothing of ours, and may use packages of their folder',
  TIMEOUT,
  async (t) => {
    process.env.PORTCULLIS_TEST_ONLY = 'ours';
    t.after(() => delete process.env.PORTCULLIS_TEST_ONLY);
    const opened = await openFolder(
      t,
      {
        'env.js': `import { word } from 'a-package'; import { z } from 'zod'; export default { description: 'd', input: z.object({}), handler: () => [word, process.env.TOKEN, process.env.PORTCULLIS_TEST_ONLY ?? null, process.cwd()] };`,
        'node_modules/a-package/package.json': '{"name":"a-package","type":"module","exports":"./index.js"}',
        'node_modules/a-package/index.js': "export const word = 'theirs';",
      },
      { env: { TOKEN: new Secret('s3cret-token') } },
    );
    assert.deepEqual(JSON.parse(textOf(await call(opened, 'env')) ?? ''), [
      'theirs',
      's3cret-token',
      null,
      opened.folder,
    ]);
  },
);

test(
  'files that are added, changed or removed, helpers too, are served anew within the same link; calls under way finish',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, {
      'a.js': "import { word } from './lib/word.js'; export default { description: 'd', handler: () => word };",
      'lib/word.js': "export const word = 'one';",
      'slow.js': plain("() => new Promise((done) => setTimeout(() => done('slow one'), 2500))"),
    });
    opened.link.listen('{"toolsListChanged":true}');
    const changes = (): number =>
      opened.messages.filter((message) => message.method === 'notifications/tools/list_changed').length;
    const slow = call(opened, 'slow');

    await put(opened.folder, 'lib/word.js', "export const word = 'two and more';");
    await until(async () => textOf(await call(opened, 'a')) === 'two and more');
    assert.equal(changes(), 0, 'definitions are the same');

    await put(opened.folder, 'b.ts', plain("(): string => 'b'"));
    await until(() => changes() === 1);
    assert.deepEqual(await listNames(opened), ['a', 'b', 'slow']);
    assert.equal(textOf(await call(opened, 'b')), 'b');

    await rm(join(opened.folder, 'a.js'));
    await until(() => changes() === 2);
    assert.deepEqual(await listNames(opened), ['b', 'slow']);
    assert.equal((await opened.link.request(callTool('a'))).type, 'rpc-error');
    assert.equal(textOf(await slow), 'slow one');
  },
);

test(
  'a mistake in a file that worked changes nothing until it is mended; a new file with a mistake holds nothing back',
  TIMEOUT,
  async (t) => {
    const opened = await openFolder(t, { 'a.js': plain("() => 'good'"), 'b.js': plain("() => 'b'") });
    await put(opened.folder, 'a.js', 'export default {');
    await until(() => opened.problems().length > 0);
    assert.match(
      opened.problems().join(),
      /^a\.js: SyntaxError: .* - what was loaded before stays in force until this is mended$/,
    );
    assert.equal(textOf(await call(opened, 'a')), 'good');

    await put(opened.folder, 'a.js', plain("() => 'mended'"));
    await until(async () => textOf(await call(opened, 'a')) === 'mended');
    assert.deepEqual(opened.problems(), []);

    await put(opened.folder, 'new.js', 'export default {');
    await until(() => opened.problems().length > 0);
    assert.match(opened.problems().join(), /^new\.js: SyntaxError: [^-]*$/);
    await put(opened.folder, 'b.js', plain("() => 'b two'"));
    await until(async () => textOf(await call(opened, 'b')) === 'b two');

    await put(opened.folder, 'copy.js', plain("() => 'copy'", "name: 'a',"));
    await until(() => opened.problems().some((problem) => problem.includes('copy.js')));
    assert.equal(textOf(await call(opened, 'a')), 'mended', 'a twin does not take away what worked');
  },
);

test('a folder that vanishes changes nothing, and when it is back what is in it then counts', TIMEOUT, async (t) => {
  const opened = await openFolder(t, { 'a.js': plain("() => 'a'") });
  await rm(opened.folder, { recursive: true });
  await until(() => opened.problems().some((problem) => /cannot be read.*ENOENT/.test(problem)));
  assert.equal(textOf(await call(opened, 'a')), 'a');
  await put(opened.folder, 'a.js', plain("() => 'again'"));
  await until(async () => textOf(await call(opened, 'a')) === 'again');
  assert.deepEqual(opened.problems(), []);
});

test('closing the link leaves no process behind, not even one that is kept busy', TIMEOUT, async (t) => {
  const opened = await openFolder(
    t,
    { 'pid.js': plain('() => process.pid'), 'loop.js': plain('() => { for (;;); }') },
    { maxBlockMs: 60_000 },
  );
  const pid = Number(textOf(await call(opened, 'pid')));
  const looping = failureOf(opened.link.request(callTool('loop')));
  await opened.link.close();
  assert.equal((await looping).code, 'outcome_unknown');
  await until(() => !isAlive(pid));
});

test(
  'a process that has to be started anew again and again is left to the supervision of servers',
  TIMEOUT,
  async (t) => {
    // A busy machine must not look like a process that is kept busy.
    const opened = await openFolder(t, { 'leave.js': plain('() => process.exit(1)') }, { maxBlockMs: 20_000 });
    for (let times = 0; times < 6; times++)
      assert.equal((await failureOf(opened.link.request(callTool('leave')))).code, 'outcome_unknown');
    assert.match((await opened.lost).message, /exited with code 1/);
  },
);
