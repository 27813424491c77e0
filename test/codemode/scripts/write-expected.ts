/** Writes down what CPython makes of the suite's scripts, for the recorded servers: `node test/codemode/scripts/write-expected.ts [NAME …]`. */

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Expected, expectedFile, FOLDER, methodOf, readScripts } from './scripts.ts';
import type { Arguments } from './servers/recorded-server.ts';
import { createServers, resultOf } from './start-recorded.ts';

interface Result {
  readonly isError?: boolean;
  readonly structuredContent?: unknown;
  readonly content: readonly { readonly text: string }[];
}

/** As a script sees it. */
function answerOf({ isError, structuredContent, content }: Result): object {
  const text = content[0]?.text ?? '';
  if (isError) return { error: text };
  if (structuredContent !== undefined) return { value: structuredContent };
  return { value: /^\s*[[{]/.test(text) ? JSON.parse(text) : text };
}

async function runInPython(name: string): Promise<Expected> {
  const servers = createServers();
  const file = join(FOLDER, 'python', `${name}.py`);
  const python = spawn('python3', [join(FOLDER, 'driver.py'), file, [...servers.keys()].join(',')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const calls: [string, Arguments][] = [];
  for await (const line of createInterface({ input: python.stdout })) {
    const said = JSON.parse(line) as { tool?: string; arguments: Arguments; gives: unknown; printed: string };
    if (said.tool === undefined) return { gives: said.gives, printed: said.printed, calls };
    const [id = '', method = ''] = said.tool.split('.');
    const [tool = '', found] = Object.entries(servers.get(id) ?? {}).find(([each]) => methodOf(each) === method) ?? [];
    calls.push([`${id}.${tool}`, said.arguments]);
    python.stdin.write(`${JSON.stringify(answerOf(resultOf(found, said.arguments) as Result))}\n`);
  }
  throw new Error(`${name} failed`);
}

const wanted = process.argv.slice(2);
for (const { name, isByHand } of readScripts()) {
  if (isByHand || (wanted.length > 0 && !wanted.includes(name))) continue;
  const expected = await runInPython(name);
  const calls = expected.calls.map((call) => `    ${JSON.stringify(call)}`).join(',\n');
  const { gives, printed } = expected;
  const text = `{\n  "gives": ${JSON.stringify(gives)},\n  "printed": ${JSON.stringify(printed)},\n  "calls": [\n${calls}\n  ]\n}\n`;
  writeFileSync(expectedFile(name), text);
}
