/** Looks on as a stream of Responses is forwarded: what it cost, how it ended, how much was said. Changes no byte. */

import type { AssistantPart } from '../../../contracts/chat.ts';
import type { ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import { asList, asObject, decodeUsage, stopOf } from './decode-answer.ts';
import { failureOfError } from './read-error.ts';

export interface StreamTap {
  see(piece: Buffer): void;
  /** An event said that this is all, well or not. */
  readonly isOver: boolean;
  /** What the stream told of a failure; undefined: none. */
  readonly failure: ProviderFailure | undefined;
}

const DELTA = '"delta":"';
const LINE_FEED = 10;
/** What stands in a data line that ends a stream. `"error"` also stands in others: such a line is read to be sure. */
const ENDINGS = ['"response.completed"', '"response.incomplete"', '"response.failed"', '"error"'];
/** Where an event's type is written, and only there, in what vendors send: near the beginning or at the very end. */
const TYPE_CHARS = 120;

/** Lines longer than `maxLineChars` are passed over. */
export function createStreamTap(report: ModelReport, maxLineChars: number): StreamTap {
  let rest = '';
  const tap = { isOver: false, failure: undefined as ProviderFailure | undefined };

  const readLine = (line: string): void => {
    if (!line.startsWith('data:')) return;
    const delta = line.indexOf(DELTA);
    if (delta !== -1 && line.indexOf('.delta"') !== -1) report.outputChars += textLength(line, delta + DELTA.length);
    else if (mayEnd(line)) readEnd(line.slice('data:'.length));
  };
  const readEnd = (data: string): void => {
    let event: { readonly [member: string]: unknown };
    try {
      event = asObject(JSON.parse(data));
    } catch {
      return;
    }
    if (event.type === 'error') tap.failure = failureOfError(event.error ?? event);
    else if (event.type === 'response.failed') tap.failure = failureOfError(asObject(event.response).error);
    else if (event.type !== 'response.completed' && event.type !== 'response.incomplete') return;
    tap.isOver = true;
    const response = asObject(event.response);
    const usage = decodeUsage(response.usage);
    if (usage !== undefined) report.usage = usage;
    if (tap.failure === undefined) report.stop = stopOf(response, producedBy(response.output));
  };

  return {
    see(piece) {
      // A byte a character: what is looked for is ASCII, and counts are of no other use than an estimate.
      const text = piece.toString('latin1');
      let start = 0;
      let end = piece.indexOf(LINE_FEED);
      while (end !== -1) {
        const line = text.slice(start, end);
        readLine(rest === '' ? line : rest + line);
        rest = '';
        start = end + 1;
        end = piece.indexOf(LINE_FEED, start);
      }
      rest += text.slice(start);
      if (rest.length > maxLineChars) rest = '';
    },
    get isOver() {
      return tap.isOver;
    },
    get failure() {
      return tap.failure;
    },
  };
}

function mayEnd(line: string): boolean {
  const near = line.length <= 2 * TYPE_CHARS ? line : line.slice(0, TYPE_CHARS) + line.slice(-TYPE_CHARS);
  return ENDINGS.some((ending) => near.includes(ending));
}

/** Of the JSON text that begins at `at`, as it is written. */
function textLength(line: string, at: number): number {
  let end = line.indexOf('"', at);
  while (end !== -1 && line.charCodeAt(end - 1) === 0x5c) end = line.indexOf('"', end + 1);
  return end === -1 ? 0 : end - at;
}

type Produced = Pick<AssistantPart, 'type'>;

/** As much of the output as says how it ended. */
function producedBy(output: unknown): readonly Produced[] {
  return asList(output)
    .map(asObject)
    .flatMap(({ type, content }): readonly Produced[] => {
      if (type === 'function_call' || type === 'custom_tool_call') return [{ type: 'tool-call' }];
      return asList(content).some((part) => asObject(part).type === 'refusal') ? [{ type: 'refusal' }] : [];
    });
}
