/** A thread in which scripts in JavaScript run. It has no environment and nothing to read; it knows the session that it answers, and nobody else. */

import { parentPort, workerData } from 'node:worker_threads';
import { createInterpreter } from './interpreter.ts';
import type { ThreadData, ThreadMessage, ThreadRequest } from './messages.ts';

const { maxMemoryBytes } = workerData as ThreadData;
const port = parentPort;
if (port === null) throw new Error('this file is started as a thread');

// The engine asks the thread for the time, and for its zone: what a script sees of them has to be the same when it runs again.
Date.prototype.getTimezoneOffset = () => 0;
// The engine tells of its own troubles there, to nobody.
for (const way of ['log', 'info', 'warn', 'error'] as const) console[way] = () => undefined;

/** Node.js 22.19 cannot tell it yet. */
const usedMs = (): number => {
  if (typeof process.threadCpuUsage !== 'function') return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};

const say = (message: ThreadMessage): void => port.postMessage(message);
const interpreter = await createInterpreter({
  ...{ maxMemoryBytes, usedMs, print: (text) => say({ type: 'print', text }) },
  setClock(ms) {
    Date.now = () => ms;
  },
});
port.on('message', async (request: ThreadRequest) => {
  switch (request.type) {
    case 'run':
      return say(await interpreter.run(request.start, request.limits));
    case 'deliver':
      return say(interpreter.deliver(request.delivery));
  }
});
