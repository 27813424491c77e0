import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { CODE_MODE } from '../../../contracts/codemode.ts';
import type { HostAnswer, HostCall, SandboxHost, SandboxSession, SandboxTurn } from '../../../contracts/sandbox.ts';
import { HOSTILE_JAVASCRIPT } from '../testing/hostile-javascript.ts';
import { createJavaScriptEngine, type JavaScriptEngineOptions } from './javascript-engine.ts';
import { decodeSession, encodeSession, type Ledger } from './ledger.ts';

/** Of the runs that look for leaks; more by hand. */
const RUNS = Number(process.env.PORTCULLIS_SANDBOX_RUNS ?? 150);

const LIMITS = { ...CODE_MODE.limits, maxInterpreterMs: 700, maxWallMs: 20_000, maxMemoryBytes: 32 << 20 };
const signal = new AbortController().signal;

function engineOf(t: TestContext, options: Partial<JavaScriptEngineOptions> = {}) {
  const engine = createJavaScriptEngine({
    ...{ maxWorkers: 6, warmWorkers: 1, limits: LIMITS, newSeed: () => randomInt(2 ** 47) },
    ...options,
  });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}
type Engine = ReturnType<typeof engineOf>;

type Answer = (call: HostCall) => HostAnswer | Promise<HostAnswer>;
const given = (value: unknown): HostAnswer => ({ type: 'value', value: JSON.stringify(value) });

function hostOf(answer: Answer, printed: string[] = []): SandboxHost {
  return {
    has: (name) => name === 'desk' || name === 'now_please',
    isFunction: (name) => name === 'now_please',
    names: () => ['desk', 'now_please'],
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    print: (text) => void printed.push(text),
    call: answer,
  };
}
const quiet = hostOf(() => given(null));

async function open(t: TestContext, engine: Engine, dump?: Uint8Array): Promise<SandboxSession> {
  const session = await engine.open({ limits: LIMITS, signal, dump });
  t.after(() => session[Symbol.asyncDispose]());
  return session;
}

/** Runs one script in a session of its own. */
async function runOnce(engine: Engine, code: string, host: SandboxHost = quiet): Promise<SandboxTurn> {
  const session = await engine.open({ limits: LIMITS, signal });
  try {
    return await session.run(code, host, signal);
  } finally {
    await session[Symbol.asyncDispose]();
  }
}
const jsonOf = (turn: SandboxTurn): unknown => (turn.type === 'complete' ? JSON.parse(turn.value) : turn);
const errorOf = (turn: SandboxTurn) => {
  assert.ok(turn.type === 'failed', JSON.stringify(turn));
  return turn.error;
};

test('a script gives the value of its last expression or of return, as JSON', async (t) => {
  const engine = engineOf(t);
  for (const [code, value] of [
    ['1 + 1', '2'],
    ['const x = 1', 'null'],
    ['return 3;', '3'],
    ['[1, 2.5, null, true, "ü\\n"]', '[1,2.5,null,true,"ü\\n"]'],
    ['({a: [undefined, NaN], b: undefined})', '{"a":[null,null]}'],
    ['{a: 1}', '{"a":1}'],
    ['2n ** 80n', '"1208925819614629174706176"'],
    ['new Date(Date.UTC(2026, 0, 2))', '"2026-01-02T00:00:00.000Z"'],
    ['new Map([["a", new Set([1])]])', '{"a":[1]}'],
    ['new Error("no")', '"Error: no"'],
    ['await Promise.resolve("later")', '"later"'],
    ['(async () => 7)()', '7'],
    ['async function main() {\n  return 8;\n}\nmain();', '8'],
    ['[Date.now(), new Date().getTimezoneOffset()]', `[${Date.UTC(2026, 0, 2, 3, 4, 5)},0]`],
    ['await new Promise((done) => setTimeout(done, 1, "rung"))', '"rung"'],
    ['#!/usr/bin/env node\n5 // five', '5'],
  ] as const) {
    const turn = await runOnce(engine, code);
    assert.equal(turn.type === 'complete' ? turn.value : JSON.stringify(turn), value, code);
  }
});

test('calls reach the host with their arguments, one by one or many at once', async (t) => {
  const engine = engineOf(t);
  const seen: HostCall[] = [];
  let running = 0;
  let most = 0;
  const host = hostOf(async (call) => {
    seen.push(call);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running--;
    return given(JSON.parse(call.named));
  });
  const code =
    'const r = await Promise.all(Array.from({length: 12}, (_, n) => desk.work({n, "$odd": "x"})));\nr.map((e) => e.n)';
  assert.deepEqual(
    jsonOf(await runOnce(engine, code, host)),
    Array.from({ length: 12 }, (_, i) => i),
  );
  assert.equal(most, 12);
  assert.deepEqual(
    [seen[3]?.namespace, seen[3]?.method, seen[3]?.positional, seen[3]?.named],
    ['desk', 'work', '[{"n":3,"$odd":"x"}]', '{"n":3,"$odd":"x"}'],
  );
  const told = hostOf(async (call) => given([call.positional, call.named]));
  assert.deepEqual(jsonOf(await runOnce(engine, 'const f = desk.work;\nawait f(1, {a: [2]})', told)), [
    '[1,{"a":[2]}]',
    '{}',
  ]);
  assert.equal(
    jsonOf(
      await runOnce(
        engine,
        '(await now_please(2)) + 1',
        hostOf(({ positional }) => given(JSON.parse(positional)[0])),
      ),
    ),
    3,
  );
});

test('any JSON comes to a script as it is, and back, also as a variable of the next run', async (t) => {
  const session = await open(t, engineOf(t));
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
      const text = JSON.stringify(value);
      const host = hostOf(() => ({ type: 'value', value: text }));
      const turn = await session.run('const kept = await desk.get({});\nkept', host, signal);
      assert.deepEqual(jsonOf(turn), JSON.parse(text));
      assert.deepEqual(jsonOf(await session.run('kept', quiet, signal)), JSON.parse(text));
    }),
    { numRuns: 100 },
  );
});

test('errors say where, and are caught where a script catches them', async (t) => {
  const engine = engineOf(t);
  const host = hostOf(() => ({ type: 'error', exception: 'PermissionError', message: 'a rule says no' }));
  const failed = errorOf(await runOnce(engine, 'const x = 1;\nawait desk.work();', host));
  assert.deepEqual(
    [failed.kind, failed.exception, failed.message, failed.line],
    ['exception', 'PermissionError', 'a rule says no', 2],
  );
  const caught = 'let r;\ntry { await desk.work(); } catch (e) { r = [e.name, e.message, e instanceof Error]; }\nr';
  assert.deepEqual(jsonOf(await runOnce(engine, caught, host)), ['PermissionError', 'a rule says no', true]);
  const wrong = hostOf(() => ({ type: 'error', exception: 'AttributeError', message: 'no such tool' }));
  assert.equal(errorOf(await runOnce(engine, 'await desk.wrok()', wrong)).exception, 'TypeError');
  const syntax = errorOf(await runOnce(engine, 'const a = 1;\nconst x = (1,\n'));
  assert.deepEqual([syntax.kind, syntax.exception], ['syntax', 'SyntaxError']);
  const unknown = errorOf(await runOnce(engine, 'nothing.there()'));
  assert.deepEqual([unknown.exception, unknown.message], ['ReferenceError', "'nothing' is not defined"]);
  const thrown = errorOf(await runOnce(engine, 'function f() {\n  throw new RangeError("far");\n}\n\nf();'));
  assert.deepEqual([thrown.exception, thrown.line], ['RangeError', 2]);
  assert.match(thrown.traceback ?? '', /^line 2, in f\nline 5, in /);
});

test('a call without await says so where it is used, and goes wrong aloud where it is not', async (t) => {
  const engine = engineOf(t);
  const list = hostOf(async () => given([1, 2]));
  for (const code of [
    'const r = desk.list();\nr.map((x) => x)',
    'const [a] = desk.list();',
    '"" + desk.list()',
    '[desk.list()]',
  ]) {
    const { message } = errorOf(await runOnce(engine, code, list));
    assert.match(message, /^desk\.list\(\) was not awaited: .*write await before the call$/, code);
  }
  const refuses = hostOf(async () => ({ type: 'error', exception: 'RuntimeError', message: 'full' }));
  assert.equal(errorOf(await runOnce(engine, 'desk.put({});\n1', refuses)).message, 'full');
  assert.equal(
    jsonOf(
      await runOnce(
        engine,
        'const p = desk.put({});\nawait now_please().catch(() => 0);\nawait p.catch(() => 5)',
        refuses,
      ),
    ),
    5,
  );
});

test('calls of a loop whose callbacks nobody awaits are made before the script ends', async (t) => {
  const made: string[] = [];
  const host = hostOf(async ({ named }) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    made.push(named);
    return given(made.length);
  });
  const code =
    'const out = [];\n[1, 2].forEach(async (n) => {\n  await desk.work({n});\n  out.push(await desk.work({n}));\n});\nout';
  assert.equal((jsonOf(await runOnce(engineOf(t), code, host)) as unknown[]).length, 2);
  assert.equal(made.length, 4);
});

test('what is JSON lasts from run to run, and a script that uses anything else is told', async (t) => {
  const engine = engineOf(t);
  const first = await open(t, engine);
  const code =
    'var a = 1;\nlet b = {x: [1, null]};\nconst {c, ...rest} = {c: "q", z: 2};\nd = 5;\nfunction f() {}\nclass K {}\nconst m = new Map(), n = NaN;\nif (a) { var inner = 3; let hidden = 4; }';
  assert.equal(jsonOf(await first.run(code, quiet, signal)), null);
  const again = await open(t, engine, await first.dump());
  const kept = '[a, b, c, rest, d, inner, typeof f, typeof K, typeof m, typeof n, typeof hidden]';
  const none = 'undefined';
  assert.deepEqual(jsonOf(await again.run(kept, quiet, signal)), [
    ...[1, { x: [1, null] }, 'q', { z: 2 }, 5, 3],
    ...[none, none, none, none, none],
  ]);
  assert.match(
    errorOf(await again.run('m.get(1)', quiet, signal)).message,
    /only variables that are JSON values last; define it again/,
  );
  assert.equal(jsonOf(await again.run('const a = 7, m = 2;\na + m', quiet, signal)), 9);
  assert.equal(jsonOf(await again.run('a + m', quiet, signal)), 9);
  assert.match(errorOf(await again.run('b.x.push(2);\nf()', quiet, signal)).message, /an earlier run had it/);
  assert.deepEqual(jsonOf(await again.run('b.x', quiet, signal)), [1, null, 2]);
});

const HELD: Answer = async ({ method }) => (method === 'held' ? { type: 'suspend' } : given(method));

test('a script that waits is dumped, and goes on in another thread without doing anything twice', async (t) => {
  const engine = engineOf(t);
  const made: string[] = [];
  const printed: string[] = [];
  const host = hostOf(async (call) => {
    made.push(`${call.method} ${call.named}`);
    return HELD(call);
  }, printed);
  const first = await open(t, engine);
  await first.run('const before = 40', host, signal);
  const code = `const local = {n: Math.random(), at: Date.now()};
console.log("once");
const r = await Promise.all([desk.a({n: local.n}), desk.held({at: local.at}), desk.b()]);
console.log("after");
r.push(await desk.after({n: Math.random()}));
r.concat(before + 1, local.n === Math.min(local.n, 1))`;
  const waiting = await first.run(code, host, signal);
  assert.ok(waiting.type === 'suspended', JSON.stringify(waiting));
  const dump = await first.dump();
  await first[Symbol.asyncDispose]();
  const again = await open(t, engine, dump);
  // Not decided yet: it waits again, and can be put away again.
  const still = await again.resume(new Map(waiting.open.map((id) => [id, { type: 'suspend' }])), host, signal);
  assert.deepEqual(still, waiting);
  const third = await open(t, engine, await again.dump());
  const done = await third.resume(new Map(waiting.open.map((id) => [id, given('let in')])), host, signal);
  assert.deepEqual(jsonOf(done), ['a', 'let in', 'b', 'after', 41, true]);
  assert.deepEqual(made.map((each) => each.split(' ')[0]).sort(), ['a', 'after', 'b', 'held']);
  assert.deepEqual(printed, ['once\n', 'after\n']);
  assert.equal(jsonOf(await third.run('local.n > 0 && r.length', host, signal)), 4);
});

test('answers come back in the order in which they came, however that was', async (t) => {
  const engine = engineOf(t);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(6), { minLength: 2, maxLength: 8 }), async (waits) => {
      const host = hostOf(async ({ method, named }) => {
        if (method === 'held') return { type: 'suspend' };
        await new Promise((resolve) => setTimeout(resolve, waits[(JSON.parse(named) as { n: number }).n]));
        return given(method);
      });
      const code = `const order = [];
await Promise.all([${waits.map((_, n) => n)}].map(async (n) => { await desk.work({n}); order.push(n); await desk.note({n, before: order.length}); }));
const end = await desk.held({order});
[order, end]`;
      const first = await engine.open({ limits: LIMITS, signal });
      const waiting = await first.run(code, host, signal);
      assert.ok(waiting.type === 'suspended');
      const dump = await first.dump();
      const answers = () => new Map(waiting.open.map((id) => [id, given('ok')]));
      const here = jsonOf(await first.resume(answers(), host, signal));
      await first[Symbol.asyncDispose]();
      const again = await engine.open({ limits: LIMITS, signal, dump });
      assert.deepEqual(jsonOf(await again.resume(answers(), host, signal)), here);
      await again[Symbol.asyncDispose]();
    }),
    { numRuns: 15 },
  );
});

test('a script that takes another way when it is brought back is refused, and calls nothing', async (t) => {
  const engine = engineOf(t);
  const host = hostOf(HELD);
  const first = await open(t, engine);
  const waiting = await first.run('const x = await desk.a({n: 1});\nawait desk.held({x});', host, signal);
  assert.ok(waiting.type === 'suspended');
  const saved = await decodeSession(await first.dump(), LIMITS);
  const { ledger } = saved;
  assert.ok(ledger !== undefined);
  const altered: readonly (readonly [Ledger, RegExp])[] = [
    [
      { ...ledger, start: { ...ledger.start, code: 'await desk.b({n: 1})' } },
      /it called desk\.b where it had called desk\.a/,
    ],
    [{ ...ledger, start: { ...ledger.start, code: 'await desk.a({n: 2})' } }, /desk\.a with other arguments/],
    [{ ...ledger, start: { ...ledger.start, code: 'await desk.a({n: 1});\n1' } }, /it came to its end/],
    [{ ...ledger, deliveries: [] }, /it made 1 of its 2 calls/],
  ];
  for (const [other, words] of altered)
    await assert.rejects(
      engine.open({ limits: LIMITS, signal, dump: await encodeSession({ ...saved, ledger: other }, LIMITS) }),
      (error: { code?: string; message?: string; detail?: string }) => {
        assert.equal(error.code, 'sandbox_state_invalid');
        assert.match(JSON.stringify([error.message, error.detail]), words);
        return true;
      },
    );
  assert.equal(engine.figures().busy, 1);
});

test('a dump that is damaged, or somebody else’s bytes, is refused', async (t) => {
  const engine = engineOf(t);
  const session = await open(t, engine);
  await session.run('x = [1, 2, 3]', quiet, signal);
  const dump = await session.dump();
  for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), dump.slice(0, dump.length >> 1)])
    await assert.rejects(engine.open({ limits: LIMITS, signal, dump: bytes }), { code: 'sandbox_state_invalid' });
});

test('what is too large to be put away is said, and the session goes on', async (t) => {
  const engine = engineOf(t);
  const limits = { ...LIMITS, maxDumpBytes: 2_000 };
  const session = await engine.open({ limits, signal });
  t.after(() => session[Symbol.asyncDispose]());
  await session.run('big = "x".repeat(100_000)', quiet, signal);
  await assert.rejects(session.dump(), { code: 'sandbox_state_too_large' });
  const long = hostOf(async (call) => (call.method === 'held' ? { type: 'suspend' } : given('y'.repeat(100_000))));
  const waiting = await session.run('await desk.a();\nawait desk.held();\n"on"', long, signal);
  assert.ok(waiting.type === 'suspended');
  await assert.rejects(session.dump(), { code: 'sandbox_state_too_large' });
  const turn = await session.resume(new Map(waiting.open.map((id) => [id, given(1)])), long, signal);
  assert.equal(jsonOf(turn), 'on');
});

test('a call under way, and a loop, end with whoever waits for them', async (t) => {
  const engine = engineOf(t);
  for (const code of ['await desk.work()', 'for (;;);']) {
    const controller = new AbortController();
    const session = await open(t, engine);
    setTimeout(() => controller.abort(), 30);
    const never = hostOf(() => new Promise(() => undefined));
    const { kind } = errorOf(await session.run(code, never, controller.signal));
    assert.equal(kind, 'cancelled');
    assert.equal(session.isAlive, false);
  }
});

test('each limit ends the run by its own name', async (t) => {
  const engine = engineOf(t);
  const limits = {
    ...LIMITS,
    maxCalls: 5,
    maxPrintBytes: 2_000,
    maxValueBytes: 1_000,
    maxSourceBytes: 300,
  };
  for (const [code, limit] of [
    ['for (;;);', 'maxInterpreterMs'],
    ['for (;;) desk.work();', 'maxCalls'],
    ['for (let i = 0; i < 9; i++) await desk.work();', 'maxCalls'],
    ['for (;;) console.log("words");', 'maxPrintBytes'],
    ['"x".repeat(2_000)', 'maxValueBytes'],
    ['const x = [];\nfor (;;) x.push(new ArrayBuffer(1e6));', 'maxMemoryBytes'],
    [`/* ${'x'.repeat(400)} */`, 'maxSourceBytes'],
    ['await desk.never()', 'maxWallMs'],
  ] as const) {
    const session = await engine.open({
      limits: limit === 'maxWallMs' ? { ...limits, maxWallMs: 500 } : limits,
      signal,
    });
    const host = hostOf(({ method }) =>
      method === 'never' ? new Promise(() => undefined) : Promise.resolve(given(1)),
    );
    const error = errorOf(await session.run(code, host, signal));
    assert.deepEqual([error.kind, error.limit], ['limit', limit], code);
    await session[Symbol.asyncDispose]();
  }
});

test('the gateway goes on while a script computes', async (t) => {
  const engine = engineOf(t);
  let ticks = 0;
  const clock = setInterval(() => ticks++, 5);
  await runOnce(engine, 'for (;;);');
  clearInterval(clock);
  assert.ok(ticks > 10, `${ticks}`);
});

test('a thread has no environment, and nothing of the gateway', async (t) => {
  const session = await open(t, engineOf(t));
  const names = await session.run('Object.getOwnPropertyNames(globalThis)', quiet, signal);
  const found = jsonOf(names) as string[];
  for (const name of [
    'process',
    'require',
    'fetch',
    'module',
    'global',
    'performance',
    'Worker',
    'WebAssembly',
    'host',
  ])
    assert.ok(!found.includes(name), name);
});

test(`${HOSTILE_JAVASCRIPT.length} hostile scripts each end as an error, or end their own thread alone`, async (t) => {
  const engine = engineOf(t);
  const neighbour = await open(t, engine);
  await neighbour.run('kept = 41', quiet, signal);
  const ended: { [kind: string]: number } = {};
  for (const { name, code, mayGive } of HOSTILE_JAVASCRIPT) {
    const [turn, meanwhile] = await Promise.all([
      runOnce(
        engine,
        code,
        hostOf(async () => given('x')),
      ),
      neighbour.run(
        'kept + (await desk.work({}))',
        hostOf(async () => given(2)),
        signal,
      ),
    ]);
    assert.equal(jsonOf(meanwhile), 43, name);
    const kind = turn.type === 'failed' ? turn.error.kind : turn.type;
    ended[kind] = (ended[kind] ?? 0) + 1;
    if (process.env.PORTCULLIS_SANDBOX_TOLD) t.diagnostic(`${name}: ${JSON.stringify(turn).slice(0, 160)}`);
    if (turn.type === 'complete') assert.ok(mayGive?.test(turn.value), `${name}: ${turn.value.slice(0, 200)}`);
    else assert.equal(turn.type, 'failed', `${name}: ${turn.type}`);
    assert.doesNotMatch(JSON.stringify(turn), /root:x|PATH=|uid=\d/, name);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined, name);
    assert.equal(jsonOf(await neighbour.run('kept + 1', quiet, signal)), 42, name);
  }
  t.diagnostic(JSON.stringify(ended));
});

test('more than there is room for wait their turn, and not for ever', async (t) => {
  const engine = engineOf(t, { maxWorkers: 1, warmWorkers: 0, maxWaiting: 1, maxWaitMs: 60 });
  const first = await engine.open({ limits: LIMITS, signal });
  const late = assert.rejects(engine.open({ limits: LIMITS, signal }), { code: 'sandbox_busy' });
  await assert.rejects(engine.open({ limits: LIMITS, signal }), { code: 'sandbox_busy' });
  await late;
  const next = engine.open({ limits: LIMITS, signal });
  await first[Symbol.asyncDispose]();
  await (await next)[Symbol.asyncDispose]();
});

test(`${RUNS} runs leave no thread and no handle behind`, async (t) => {
  const engine = engineOf(t, { warmWorkers: 2 });
  const handles = (): number => process.getActiveResourcesInfo().length;
  const host = hostOf(async () => given('x'.repeat(1_000)));
  for (let i = 0; i < 20; i++) await runOnce(engine, '1');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = { handles: handles(), rss: process.memoryUsage().rss };
  for (let i = 0; i < RUNS; i++)
    await runOnce(
      engine,
      i % 10 === 0 ? 'throw new Error("no")' : 'await desk.work({n: [1]});\nsetTimeout(() => {}, 5000);',
      host,
    );
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(engine.figures().busy, 0);
  const mib = Math.round((process.memoryUsage().rss - before.rss) / 1_048_576);
  t.diagnostic(`handles ${before.handles} → ${handles()}, ${mib} MiB more`);
  assert.ok(handles() <= before.handles + 4);
});
