/** A stdio server that misbehaves, one way per tool: the misdeeds of every transport, and those only a process can do. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import * as messageActs from './message-acts.ts';
import { type Acts, answerProperly, createAnswers, type Era, type Message, respond } from './turn.ts';

const { values } = parseArgs({ options: { era: { type: 'string', default: 'legacy' } } });
const era: Era = values.era === 'modern' ? 'modern' : 'legacy';
const out = (text: string): void => void process.stdout.write(text);

/** What only a process can do. Kept in step with the rows of the test by name. */
const PROCESS_ACTS: Acts = {
  prompts(turn) {
    out('Password: \u001b[31m\r\n> \u0000\u0001\n\n\nnull\n42\n"text"\n[1,2\n{\n');
    respond(turn);
  },
  invalid_utf8(turn) {
    process.stdout.write(Buffer.from([0x7b, 0xff, 0xfe, 0xc0, 0x80, 0x7d, 0x0a]));
    respond(turn);
  },
  byte_order_mark: (turn) => out(`\ufeff${JSON.stringify({ jsonrpc: '2.0', id: turn.id, result: { content: [] } })}\n`),
  carriage_returns: (turn) =>
    out(
      `\r\n${JSON.stringify({ jsonrpc: '2.0', id: turn.id, result: { content: [{ type: 'text', text: turn.text }] } })}\r\n`,
    ),
  endless_line: () => out('{'.repeat(3_000_000)),
  huge_nameless_line: () => out(`{"x":"${'y'.repeat(2_000_000)}"}\n`),
  half_and_exit(turn) {
    process.stdout.write(`{"jsonrpc":"2.0","id":${turn.id},"resu`, () => process.exit(0));
  },
  crash: () => process.exit(3),
  abort: () => void process.kill(process.pid, 'SIGKILL'),
  pipe_keeper() {
    // The child has our stdout, so its end does not show that we are gone.
    spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit' });
    setTimeout(() => process.exit(0), 100);
  },
  stderr_flood(turn) {
    for (let n = 0; n < 5000; n++) process.stderr.write(`${'e'.repeat(200)} ${n}\n`);
    respond(turn);
  },
};

const acts: Acts = Object.assign(
  {},
  PROCESS_ACTS,
  ...Object.values(messageActs).filter((part) => typeof part === 'object'),
);
const answers = createAnswers();
const send = (message: object): void => out(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

// It also does not go when it is asked to.
process.on('SIGTERM', () => {});
setInterval(() => {}, 1000);

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line) as Message;
  answers.take(message);
  const proper = answerProperly(era, message, Object.keys(acts));
  if (proper !== undefined) send(proper);
  else if (message.method === 'tools/call' && typeof message.id === 'number')
    void acts[message.params?.name ?? '']?.({
      era,
      id: message.id,
      text: message.params?.arguments?.text ?? '',
      token: message.params?._meta?.progressToken,
      send,
      write: (text) => out(`${text}\n`),
      answerTo: answers.wait,
      end() {},
    });
});
