/** Everyday Python as models write it: what the engine knows, what rewrites and the host's modules bring, and what ends in a hint. */

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { CODE_MODE } from '../../src/contracts/codemode.ts';
import type { HostAnswer, SandboxEngine, SandboxHost } from '../../src/contracts/sandbox.ts';
import { PIECES, preludeOf } from '../../src/domain/codemode/python/prelude.ts';
import { DIGEST, SLEEP } from '../../src/domain/codemode/python/rewrite-python.ts';
import { createPythonLanguage } from '../../src/pipeline/codemode/python-language.ts';
import { createPythonEngine } from '../../src/platform/sandbox/python/python-engine.ts';
import { findWorker } from '../../src/platform/sandbox/python/worker-command.ts';
import { IDIOMS } from './python-idioms.ts';
import { SNIPPETS } from './python-snippets.ts';

const ALL = [...SNIPPETS, ...IDIOMS];

const worker = findWorker();
const skip = worker === undefined && 'the worker is not installed on this platform';
const NOW = Date.UTC(2026, 10, 23, 12, 30, 0);

function startEngine(t: TestContext): SandboxEngine {
  const engine = createPythonEngine({
    ...{ worker: worker ?? '', outer: 'none', path: process.env.PATH, maxWorkers: 2, warmWorkers: 1 },
    ...{ maxMemoryBytes: CODE_MODE.limits.maxMemoryBytes, monotonicMs: () => performance.now() },
  });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** Tools that answer at once: what they are given, and a few things of their own. */
function answer(method: string, named: { readonly [name: string]: unknown }): unknown {
  switch (method) {
    case 'fails':
      throw new Error('the server said no');
    case 'issues':
      return Array.from({ length: Number(named.count ?? 3) }, (_, i) => ({
        ...{
          number: i + 1,
          title: `Issue ${i + 1}`,
          state: i % 2 === 0 ? 'open' : 'closed',
          labels: i % 3 === 0 ? ['bug'] : [],
        },
        ...{
          created_at: `2026-11-${String(20 - i).padStart(2, '0')}T08:00:00Z`,
          user: { login: ['ada', 'bob'][i % 2] },
        },
      }));
    case 'page':
      return {
        items: named.page === 3 ? [] : [`p${named.page}a`, `p${named.page}b`],
        next: named.page === 2 ? null : Number(named.page) + 1,
      };
    case 'echo':
      return named;
    default:
      return named.value ?? method;
  }
}

test(`${ALL.length} everyday snippets give what Python gives, or say what to write instead`, {
  skip,
}, async (t) => {
  const engine = startEngine(t);
  const language = createPythonLanguage();
  const namespaces = new Set(['desk', 'shop']);
  const signal = new AbortController().signal;
  const wrong: string[] = [];
  let hints = 0;
  for (const { name, code, gives, hint } of ALL) {
    const printed: string[] = [];
    const prepared = language.prepare(code, namespaces);
    assert.equal(prepared.code.split('\n').length, code.split('\n').length, `${name}: its lines moved`);
    const host: SandboxHost = {
      has: (of) => namespaces.has(of) || prepared.globals.has(of),
      isFunction: language.isFunction,
      names: () => [...namespaces, ...prepared.globals],
      now: () => NOW,
      print: (text) => void printed.push(text),
      call(call): HostAnswer | Promise<HostAnswer> {
        if (!namespaces.has(call.namespace))
          return (
            language.answer(call, { now: () => NOW, random: () => 0.5 }) ?? {
              type: 'error',
              exception: 'NameError',
              message: call.method,
            }
          );
        return (async (): Promise<HostAnswer> => {
          try {
            return { type: 'value', value: JSON.stringify(answer(call.method, JSON.parse(call.named))) };
          } catch (error) {
            const { message } = error as Error;
            return prepared.taken({ type: 'error', exception: 'RuntimeError', message });
          }
        })();
      },
    };
    const session = await engine.open({ limits: CODE_MODE.limits, signal });
    try {
      if (prepared.prelude !== undefined) await session.run(prepared.prelude, host, signal);
      const turn = await session.run(prepared.code, host, signal);
      if (hint !== undefined) {
        hints++;
        const told =
          turn.type === 'failed'
            ? (language.hintFor(turn.error, code, new Set()) ?? `no hint: ${turn.error.message}`)
            : turn.type;
        if (!hint.test(told)) wrong.push(`${name}: ${told}`);
        continue;
      }
      const got =
        turn.type === 'complete'
          ? turn.value === 'null' && printed.length > 0
            ? printed.join('')
            : JSON.parse(turn.value)
          : turn;
      try {
        assert.deepEqual(got, gives);
      } catch {
        wrong.push(`${name}: ${JSON.stringify(got)} in place of ${JSON.stringify(gives)}`);
      }
    } finally {
      await session[Symbol.asyncDispose]();
    }
  }
  t.diagnostic(`${ALL.length - hints} give a value, ${hints} end in a hint`);
  assert.deepEqual(wrong, []);
});

const NOBODY: SandboxHost = {
  has: () => false,
  names: () => [],
  now: () => NOW,
  print: () => undefined,
  call: ({ method }) => ({ type: 'error', exception: 'NameError', message: method }),
};

test('each part of the prelude runs with nothing but what it says it needs, and a second time in the same session', {
  skip,
}, async (t) => {
  const engine = startEngine(t);
  const signal = new AbortController().signal;
  for (const { defines } of PIECES) {
    const [first = ''] = defines;
    const code = preludeOf(new Set([first])) ?? '';
    const session = await engine.open({ limits: CODE_MODE.limits, signal });
    try {
      const isHosts = (name: string): boolean => name === SLEEP || name === DIGEST;
      const told = defines.filter((name) => !isHosts(name)).map((name) => `${name} is ...`);
      for (let time = 0; time < 2; time++) {
        const turn = await session.run(`${code}\n${told.join('\n')}`, NOBODY, signal);
        assert.equal(turn.type, 'complete', `${first}: ${JSON.stringify(turn)}`);
      }
    } finally {
      await session[Symbol.asyncDispose]();
    }
  }
});
