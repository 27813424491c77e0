/**
 * A pretended OpenAI that streams: each chat completion is `--chunks N` pieces, one each `--every MS`, the first at once. One
 * that asks for no stream is answered whole after `--delay MS`. Prints its port. Every piece carries its number, so that what is
 * lost on the way shows.
 */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    ...{ chunks: { type: 'string', default: '40' }, every: { type: 'string', default: '250' } },
    delay: { type: 'string', default: '0' },
  },
});
const chunks = Number(values.chunks);
const everyMs = Number(values.every);
const delayMs = Number(values.delay);

const piece = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({
    ...{ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'bench-1' },
    ...{ service_tier: 'default', system_fingerprint: 'fp_bench' },
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })}\n\n`;
const usage = { prompt_tokens: 20, completion_tokens: chunks, total_tokens: 20 + chunks };
const END = `${piece({}, 'stop')}data: ${JSON.stringify({
  ...{ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'bench-1' },
  ...{ choices: [], usage },
})}\n\ndata: [DONE]\n\n`;

const WHOLE = JSON.stringify({
  ...{ id: 'chatcmpl-bench', object: 'chat.completion', created: 1_790_000_000, model: 'bench-1' },
  choices: [
    {
      ...{ index: 0, logprobs: null, finish_reason: 'stop' },
      message: { role: 'assistant', content: 'An answer of a usual size. '.repeat(30), refusal: null },
    },
  ],
  usage,
});

function answerWhole(response: ServerResponse): void {
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(WHOLE) });
  response.end(WHOLE);
}

function stream(response: ServerResponse): void {
  let sent = 0;
  const next = (): void => {
    if (response.destroyed) return;
    if (sent === chunks) {
      response.end(END);
      return;
    }
    response.write(piece({ content: ` word${sent}` }, null));
    sent++;
    setTimeout(next, everyMs);
  };
  next();
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1').on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    if (!body.includes('"stream":true')) {
      setTimeout(answerWhole, delayMs, response);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    stream(response);
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 8_192 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
