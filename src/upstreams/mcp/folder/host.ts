/** The process that holds an operator's tools: loads the folder, then runs calls until its input ends. Started by `host-process`. */

import { statSync } from 'node:fs';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { isObject } from '../../../lib/is-object.ts';
import { readLines } from '../../../lib/read-lines.ts';
import { ABSENT, type HostOptions, type HostWord, signatureOf } from './host-words.ts';
import { LoadTimeout, loadTools } from './load-tools.ts';
import { installModuleHooks } from './module-hooks.ts';
import { createCallRunner } from './run-calls.ts';

/** Ends a process whose gateway is gone: one that a tool keeps busy would not notice that its input ended. */
const WATCH_PARENT = `
const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000);
`;

async function host(options: HostOptions): Promise<void> {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  // What tools print is for the operator; a line of theirs between ours would break the conversation.
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  const say = (word: HostWord): void => void write(`${JSON.stringify(word)}\n`);
  const note = (text: string): void => void stderr.write(`${text}\n`);

  const stray = (kind: string) => (error: unknown) => {
    note(`${kind} outside of any call: ${inspect(error)}`);
    // Nobody knows what it left half done: others take over, the calls under way are finished here.
    say({ host: 'worn', reason: `${kind} outside of any call: ${inspect(error).split('\n')[0]?.slice(0, 200)}` });
  };
  process.on('uncaughtException', stray('an exception'));
  process.on('unhandledRejection', stray('a rejected promise'));
  new Worker(WATCH_PARENT, { eval: true }).unref();

  const seen: { [path: string]: string } = {};
  const onSeen = (path: string): void => {
    const stats = statSync(path, { throwIfNoEntry: false });
    seen[path] ??= stats === undefined ? ABSENT : signatureOf(stats);
  };
  installModuleHooks(new URL('./tool.ts', import.meta.url).href, onSeen);
  const loaded = await loadTools({
    ...options,
    onSeen,
    onLoading: (file) => say({ host: 'loading', file }),
    onError: (file, error) => note(`${file}: ${inspect(error)}`),
  }).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    say(error instanceof LoadTimeout ? { host: 'failed', file: error.file, message } : { host: 'failed', message });
    process.exit(1);
  });
  const { tools, working, problems } = loaded;
  const take = createCallRunner({ tools, say, note, answer: (text) => void write(`${text}\n`) });
  const definitions = [...tools.values()].map((tool) => tool.definition);
  say({ host: 'ready', tools: definitions, working, problems, seen });
  for await (const line of readLines(process.stdin)) {
    const message: unknown = JSON.parse(line);
    if (!isObject(message)) continue;
    if (message.host === 'ping') say({ host: 'pong' });
    else take(message);
  }
  process.exit(0);
}

await host(JSON.parse(process.argv[2] ?? '{}') as HostOptions);
