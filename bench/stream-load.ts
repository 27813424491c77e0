/**
 * Keeps that many chat streams open at once for a while, and looks at each: did all of it come, in order, and when did the
 * first piece? `--url URL --key KEY --model M --streams N --seconds S --chunks N --every MS`. Prints one line of JSON.
 */

import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { quantile } from './harness/statistics.ts';

const { values } = parseArgs({
  options: {
    ...{ url: { type: 'string', default: '' }, key: { type: 'string', default: '' } },
    ...{ model: { type: 'string', default: '' }, streams: { type: 'string', default: '1' } },
    ...{ seconds: { type: 'string', default: '1' }, chunks: { type: 'string', default: '40' } },
    every: { type: 'string', default: '250' },
  },
});

export interface StreamLoadFigures {
  readonly finished: number;
  /** Not 200, cut off, a piece missing or twice, or one out of order. */
  readonly broken: number;
  readonly firstBroken: string | undefined;
  /** From sending the request until the first piece. */
  readonly firstMs: { readonly p50: number; readonly p99: number };
  /** How long the whole stream took. */
  readonly wholeMs: { readonly p50: number; readonly p99: number };
  readonly mostAtOnce: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, scheduling: 'lifo' });
const target = new URL(`${values.url}/v1/chat/completions`);
const chunks = Number(values.chunks);
const body = JSON.stringify({
  model: values.model,
  stream: true,
  messages: [{ role: 'user', content: `Count. ${'Some words to have a prompt of a usual size. '.repeat(20)}` }],
});
const headers = {
  ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  authorization: `Bearer ${values.key}`,
};

const firstMs: number[] = [];
const wholeMs: number[] = [];
let broken = 0;
let firstBroken: string | undefined;
let open = 0;
let mostAtOnce = 0;

function verify(text: string): string | undefined {
  const words = [...text.matchAll(/"content":" word(\d+)"/g)].map((match) => Number(match[1]));
  if (words.length !== chunks) return `${words.length} of ${chunks} pieces came`;
  if (words.some((word, i) => word !== i)) return 'pieces came out of order';
  return text.endsWith('data: [DONE]\n\n') ? undefined : `ends with ${JSON.stringify(text.slice(-60))}`;
}

function stream(): Promise<void> {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    let text = '';
    open++;
    mostAtOnce = Math.max(mostAtOnce, open);
    const end = (fault: string | undefined): void => {
      open--;
      if (fault === undefined) wholeMs.push(performance.now() - startedMs);
      else {
        broken++;
        firstBroken ??= fault;
      }
      resolve();
    };
    const sent = request(target, { method: 'POST', agent, headers });
    sent.on('error', (error) => end(`error: ${error.message}`));
    sent.on('response', (response) => {
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        if (text === '') firstMs.push(performance.now() - startedMs);
        text += chunk;
      });
      response.on('error', () => {});
      response.on('close', () => {
        if (response.statusCode !== 200) end(`status ${response.statusCode}: ${text.slice(0, 200)}`);
        else end(response.complete ? verify(text) : 'cut off');
      });
    });
    sent.end(body);
  });
}

const streams = Number(values.streams);
const untilMs = performance.now() + Number(values.seconds) * 1_000;
const rampMs = chunks * Number(values.every);

async function slot(i: number): Promise<void> {
  // Begun evenly over the length of one stream, as people do.
  await new Promise((resolve) => setTimeout(resolve, (i / streams) * rampMs));
  do await stream();
  while (performance.now() < untilMs && broken < streams);
}

await Promise.all(Array.from({ length: streams }, (_, i) => slot(i)));
agent.destroy();
const spread = (times: number[]) => {
  const sorted = Float64Array.from(times).sort();
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
};
const figures: StreamLoadFigures = {
  ...{ finished: wholeMs.length, broken, firstBroken, mostAtOnce },
  ...{ firstMs: spread(firstMs), wholeMs: spread(wholeMs) },
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
