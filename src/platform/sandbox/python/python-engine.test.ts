import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { CODE_MODE } from '../../../contracts/codemode.ts';
import type { HostAnswer, HostCall, SandboxHost, SandboxSession, SandboxTurn } from '../../../contracts/sandbox.ts';
import { HOSTILE } from '../testing/hostile-scripts.ts';
import { createPythonEngine, type PythonEngineOptions } from './python-engine.ts';
import { findWorker } from './worker-command.ts';

const worker = findWorker();
const skip = worker === undefined && 'the worker is not installed on this platform';
/** Of the runs that look for leaks; more by hand. */
const RUNS = Number(process.env.PORTCULLIS_SANDBOX_RUNS ?? 150);

const LIMITS = { ...CODE_MODE.limits, maxInterpreterMs: 700, maxWallMs: 4_000, maxMemoryBytes: 32 << 20 };
const signal = new AbortController().signal;

function engineOf(t: TestContext, options: Partial<PythonEngineOptions> = {}) {
  const engine = createPythonEngine({
    ...{ worker: worker ?? '', outer: 'auto', path: process.env.PATH, maxWorkers: 6, warmWorkers: 1 },
    ...{ maxMemoryBytes: LIMITS.maxMemoryBytes, monotonicMs: () => performance.now() },
    ...options,
  });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

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

/** Runs one script in a session of its own. */
async function runOnce(
  engine: ReturnType<typeof engineOf>,
  code: string,
  host: SandboxHost = quiet,
): Promise<SandboxTurn> {
  const session = await engine.open({ limits: LIMITS, signal });
  try {
    return await session.run(code, host, signal);
  } finally {
    await session[Symbol.asyncDispose]();
  }
}
const jsonOf = (turn: SandboxTurn): unknown => (turn.type === 'complete' ? JSON.parse(turn.value) : turn);

test('a script gives the value of its last expression, as JSON', { skip }, async (t) => {
  const engine = engineOf(t);
  for (const [code, value] of [
    ['1 + 1', '2'],
    ['x = 1', 'null'],
    ['[1, 2.0, None, True, "ü\\n"]', '[1,2.0,null,true,"ü\\n"]'],
    ['{"a": (1, 2), 3: {4}, None: float("nan")}', '{"a":[1,2],"3":[4],"None":null}'],
    ['2 ** 80', '1208925819614629174706176'],
    ['-(2 ** 70)', '-1180591620717411303424'],
    [
      'from datetime import datetime, date, timedelta\n[datetime(2026, 1, 2, 3), date(2026, 1, 2), timedelta(days=1, seconds=2)]',
      '["2026-01-02T03:00:00","2026-01-02",86402]',
    ],
    ['b"hi"', '"aGk="'],
    ['ValueError("no")', '"ValueError: no"'],
  ] as const) {
    const turn = await runOnce(engine, code);
    assert.equal(turn.type === 'complete' ? turn.value : JSON.stringify(turn), value, code);
  }
});

test('calls reach the host with their arguments, one by one or many at once', { skip }, async (t) => {
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
    'import asyncio\nr = await asyncio.gather(*[desk.work(n=i, **{"$odd": "x"}) for i in range(12)])\n[e["n"] for e in r]';
  assert.deepEqual(
    jsonOf(await runOnce(engine, code, host)),
    Array.from({ length: 12 }, (_, i) => i),
  );
  assert.equal(most, 12);
  assert.deepEqual(
    [seen[3]?.namespace, seen[3]?.method, seen[3]?.positional, seen[3]?.named],
    ['desk', 'work', '[]', '{"n":3,"$odd":"x"}'],
  );
  assert.deepEqual(
    jsonOf(
      await runOnce(
        engine,
        'f = desk.work\nawait f(1, a=[2])',
        hostOf(async (call) => given([call.positional, call.named])),
      ),
    ),
    ['[1]', '{"a":[2]}'],
  );
  assert.equal(
    jsonOf(
      await runOnce(
        engine,
        'now_please(2) + 1',
        hostOf(({ positional }) => given(JSON.parse(positional)[0])),
      ),
    ),
    3,
  );
});

test('any JSON comes to a script as it is, and back', { skip }, async (t) => {
  const engine = engineOf(t);
  const session = await engine.open({ limits: LIMITS, signal });
  t.after(() => session[Symbol.asyncDispose]());
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
      const text = JSON.stringify(value);
      const turn = await session.run(
        'desk.get()',
        hostOf(() => ({ type: 'value', value: text })),
        signal,
      );
      assert.ok(turn.type === 'complete');
      assert.deepEqual(JSON.parse(turn.value), JSON.parse(text));
    }),
    { numRuns: 200 },
  );
});

test('errors say where, and are caught where a script catches them', { skip }, async (t) => {
  const engine = engineOf(t);
  const host = hostOf(() => ({ type: 'error', exception: 'PermissionError', message: 'a rule says no' }));
  const failed = await runOnce(engine, 'x = 1\ndesk.work()', host);
  assert.ok(failed.type === 'failed');
  assert.deepEqual(
    [failed.error.kind, failed.error.exception, failed.error.message, failed.error.line],
    ['exception', 'PermissionError', 'a rule says no', 2],
  );
  assert.equal(
    jsonOf(await runOnce(engine, 'try:\n    desk.work()\nexcept PermissionError as e:\n    r = str(e)\nr', host)),
    'a rule says no',
  );
  const syntax = await runOnce(engine, 'x = (1,\n');
  assert.ok(syntax.type === 'failed' && syntax.error.kind === 'syntax');
  const unknown = await runOnce(engine, 'nothing.there()');
  assert.ok(unknown.type === 'failed' && unknown.error.exception === 'NameError');
});

test('a check finds mistakes without running anything, also in a session that has variables already', {
  skip,
}, async (t) => {
  const engine = engineOf(t);
  const stubs = 'from typing import Any\nclass _desk:\n    async def work(self, nonce: str) -> Any: ...\ndesk: _desk\n';
  let calls = 0;
  const host = hostOf(async () => given(++calls));
  const begun = await engine.open({ limits: LIMITS, signal });
  t.after(() => begun[Symbol.asyncDispose]());
  assert.deepEqual(begun.findings, []);
  await begun.run('kept = 41', host, signal);
  for (const dump of [undefined, await begun.dump()]) {
    const open = async (code: string) => {
      const session = await engine.open({ limits: LIMITS, signal, dump, check: { code, stubs } });
      t.after(() => session[Symbol.asyncDispose]());
      return session;
    };
    const told = ({ findings }: SandboxSession) => findings.map(({ rule, line }) => `${rule} ${line}`);
    const wrong = await open('import re\nx = await desk.work(nonec="a")\nwhile True: pass');
    assert.deepEqual(told(wrong).sort(), ['missing-argument 2', 'unknown-argument 2']);
    assert.equal(calls, 0);
    assert.equal(jsonOf(await wrong.run('1 + 1', host, signal)), 2);

    const code = 'import re\nawait desk.work(nonce="a")\nre.match("a", "a").group()';
    const right = await open(code);
    assert.deepEqual(told(right), ['unresolved-attribute 3']);
    assert.equal(jsonOf(await right.run(code, host, signal)), 'a');
    assert.equal(calls, 1);
    if (dump !== undefined) assert.equal(jsonOf(await right.run('kept + 1', host, signal)), 42);
    calls = 0;
  }
});

test('a script on which the checker breaks or hangs is a script that fails, and nothing else', { skip }, async (t) => {
  const engine = engineOf(t);
  const stubs = 'x: int\n';
  for (const code of [
    `${'('.repeat(50_000)}1${')'.repeat(50_000)}`,
    `x = ${'1+'.repeat(100_000)}1`,
    'x = (',
    '\0',
    '',
  ]) {
    const session = await engine.open({ limits: LIMITS, signal, check: { code, stubs } });
    assert.deepEqual(
      session.findings.filter(({ line = 1 }) => line < 1),
      [],
    );
    const turn = await session.run(code, quiet, signal);
    assert.ok(code === '' || turn.type === 'failed' || turn.type === 'complete', code.slice(0, 20));
    await session[Symbol.asyncDispose]();
  }
});

test('a script that waits is dumped, and goes on in another process without doing anything twice', {
  skip,
}, async (t) => {
  const engine = engineOf(t);
  const made: string[] = [];
  const host = hostOf(async ({ method }) => {
    made.push(method);
    return method === 'held' ? { type: 'suspend' } : given(method);
  });
  const open = async (dump?: Uint8Array): Promise<SandboxSession> => {
    const session = await engine.open({ limits: LIMITS, signal, dump });
    t.after(() => session[Symbol.asyncDispose]());
    return session;
  };
  const first = await open();
  const code =
    'import asyncio\nlocal = {"n": 1}\nr = await asyncio.gather(desk.a(), desk.held(), desk.b())\nr.append(await desk.after())\nr + [local["n"]]';
  const waiting = await first.run(code, host, signal);
  assert.ok(waiting.type === 'suspended');
  const dump = await first.dump();
  await first[Symbol.asyncDispose]();
  const again = await open(dump);
  const done = await again.resume(new Map(waiting.open.map((id) => [id, given('let in')])), host, signal);
  assert.deepEqual(jsonOf(done), ['a', 'let in', 'b', 'after', 1]);
  assert.deepEqual(made.sort(), ['a', 'after', 'b', 'held']);
  assert.equal(jsonOf(await again.run('local["n"] + len(r)', host, signal)), 5);
});

test('a dump that is damaged, or somebody else’s bytes, is refused', { skip }, async (t) => {
  const engine = engineOf(t);
  const session = await engine.open({ limits: LIMITS, signal });
  await session.run('x = [1, 2, 3]', quiet, signal);
  const dump = await session.dump();
  await session[Symbol.asyncDispose]();
  for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), dump.slice(0, dump.length >> 1)])
    await assert.rejects(engine.open({ limits: LIMITS, signal, dump: bytes }), { code: 'sandbox_state_invalid' });
});

test('a call under way, and a loop, end with whoever waits for them', { skip }, async (t) => {
  const engine = engineOf(t);
  for (const code of ['await desk.work()', 'while True:\n    pass']) {
    const controller = new AbortController();
    const session = await engine.open({ limits: LIMITS, signal });
    setTimeout(() => controller.abort(), 30);
    const turn = await session.run(
      code,
      hostOf(() => new Promise(() => undefined)),
      controller.signal,
    );
    assert.ok(turn.type === 'failed' && turn.error.kind === 'cancelled', JSON.stringify(turn));
    assert.equal(session.isAlive, false);
  }
});

test('a script that asks its host over and over is ended, though it uses hardly any time of its own', {
  skip,
}, async (t) => {
  const turn = await runOnce(engineOf(t), 'while True:\n    now_please()');
  assert.ok(turn.type === 'failed' && turn.error.kind === 'limit', JSON.stringify(turn));
});

test('more than there is room for wait their turn, and not for ever', { skip }, async (t) => {
  const engine = engineOf(t, { maxWorkers: 1, warmWorkers: 0, maxWaiting: 1, maxWaitMs: 60 });
  const first = await engine.open({ limits: LIMITS, signal });
  const late = assert.rejects(engine.open({ limits: LIMITS, signal }), { code: 'sandbox_busy' });
  await assert.rejects(engine.open({ limits: LIMITS, signal }), { code: 'sandbox_busy' });
  await late;
  const next = engine.open({ limits: LIMITS, signal });
  await first[Symbol.asyncDispose]();
  await (await next)[Symbol.asyncDispose]();
});

async function runHostile(t: TestContext, outer: 'auto' | 'none'): Promise<void> {
  const engine = engineOf(t, { outer });
  const neighbour = await engine.open({ limits: LIMITS, signal });
  t.after(() => neighbour[Symbol.asyncDispose]());
  await neighbour.run('kept = 41', quiet, signal);
  const ended: { [kind: string]: number } = {};
  for (const { name, code, mayGive } of HOSTILE) {
    const host = hostOf(async () => given('x'));
    const turn = await runOnce(engine, code, host);
    const kind = turn.type === 'failed' ? turn.error.kind : turn.type;
    ended[kind] = (ended[kind] ?? 0) + 1;
    if (turn.type === 'complete') assert.ok(mayGive?.test(turn.value), `${name}: ${turn.value.slice(0, 200)}`);
    else assert.equal(turn.type, 'failed', `${name}: ${turn.type}`);
    assert.doesNotMatch(JSON.stringify(turn), /root:x|PATH=|uid=\d/, name);
    assert.equal(jsonOf(await neighbour.run('kept + 1', quiet, signal)), 42, name);
  }
  t.diagnostic(JSON.stringify(ended));
}

const hostile = `${HOSTILE.length} hostile scripts each end as an error, or end their own worker alone`;
test(`${hostile}, in a box where there is one`, { skip }, (t) => runHostile(t, 'auto'));
test(`${hostile}, without a box`, { skip }, (t) => runHostile(t, 'none'));

test(`${RUNS} runs leave no descriptor, no process and no memory behind`, { skip }, async (t) => {
  const engine = engineOf(t);
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 20; i++) await runOnce(engine, 'sum(range(100))');
  const before = { fds: descriptors(), heap: process.memoryUsage().heapUsed };
  for (let i = 0; i < RUNS; i++)
    await runOnce(
      engine,
      i % 10 === 0 ? '1 / 0' : 'await desk.work(n=[1] * 100)',
      hostOf(async () => given('x'.repeat(1_000))),
    );
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { busy } = engine.figures();
  assert.equal(busy, 0);
  t.diagnostic(
    `descriptors ${before.fds} → ${descriptors()}, heap ${Math.round((process.memoryUsage().heapUsed - before.heap) / 1_024)} KiB more`,
  );
  assert.ok(descriptors() <= before.fds + 4);
});
