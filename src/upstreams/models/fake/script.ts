/** What a prompt tells a pretended model to do: a few directives, one a line, so that examples and tests say what they want. */

import type { StopReason } from '../../../contracts/chat.ts';

/** How a provider misbehaves: before its answer (`head`) or in the middle of it (`stream`). */
export type ScriptFault =
  | {
      readonly type: 'status';
      readonly status: number;
      readonly retryAfterS: number | undefined;
      readonly times: number;
    }
  | { readonly type: 'hang' | 'reset' | 'garbage'; readonly at: 'head' | 'stream'; readonly times: number };

export type ScriptPart =
  | { readonly type: 'text' | 'reasoning' | 'refusal'; readonly text: string }
  | { readonly type: 'tool-call'; readonly name: string; readonly arguments: string };

export interface Script {
  readonly parts: readonly ScriptPart[];
  readonly stop: StopReason;
  /** Undefined: counted from the text, a token for four characters. `none`: not told at all. */
  readonly usage: ScriptUsage | 'none' | undefined;
  readonly fault: ScriptFault | undefined;
  /** Before the answer begins. */
  readonly delayMs: number;
  /** Between two pieces of a stream. */
  readonly paceMs: number;
  /** Pieces that each text, and each call's arguments, are cut into. */
  readonly chunks: number;
}

export interface ScriptUsage {
  readonly input: number;
  readonly output: number;
  readonly cached: number | undefined;
  readonly reasoning: number | undefined;
}

/** What stands in the request besides the prompt. */
export interface ScriptContext {
  /** As `image image/png 70 B`: shows that they arrived. */
  readonly media: readonly string[];
  /** Texts of the tool results after the prompt; the model then says what it was told. */
  readonly toolResults: readonly string[];
}

const FOREVER = Number.POSITIVE_INFINITY;
const STOPS: readonly StopReason[] = ['end', 'max-tokens', 'content-filter', 'stop-sequence', 'refusal', 'pause'];

/**
 * Lines of `prompt` that begin with `!`:
 * `!say WORDS`, `!think WORDS`, `!refuse WORDS`, `!call NAME {…}` (several are parallel), `!stop REASON`,
 * `!usage IN OUT [CACHED [REASONING]]`, `!usage none`, `!delay MS`, `!pace MS`, `!chunks N`, and the faults
 * `!fail STATUS [RETRY_AFTER_S]`, `!hang|!reset|!garbage head|stream`; `*N` at the end of a fault (`!fail 500 *1`) lets it
 * happen N times for this prompt only. Without any the model repeats what was said; after tool results it repeats those.
 */
export function readScript(prompt: string, context: ScriptContext): Script {
  const script = {
    parts: [] as ScriptPart[],
    stop: undefined as StopReason | undefined,
    usage: undefined as Script['usage'],
    fault: undefined as ScriptFault | undefined,
    ...{ delayMs: 0, paceMs: 0, chunks: 3 },
  };
  for (const line of prompt.split('\n')) {
    const [, word = '', rest = ''] = /^!([a-z]+)\s*(.*)$/.exec(line.trim()) ?? [];
    readDirective(script, word, rest);
  }
  // What a tool said is the news; the prompt that led to the call must not lead to it again.
  if (context.toolResults.length > 0) {
    const said = context.toolResults.map((text) => `Tool said: ${text}`).join('\n');
    return { ...script, parts: [{ type: 'text', text: said }], stop: 'end' };
  }
  if (script.parts.length === 0) script.parts.push({ type: 'text', text: repeat(prompt, context.media) });
  const calls = script.parts.some(({ type }) => type === 'tool-call');
  return { ...script, stop: script.stop ?? (calls ? 'tool-calls' : 'end') };
}

function repeat(prompt: string, media: readonly string[]): string {
  const plain = prompt.split('\n').filter((line) => !/^![a-z]/.test(line.trim()));
  return [`You said: ${plain.join('\n')}`, ...media.map((each) => `[${each}]`)].join(' ');
}

type Draft = { -readonly [member in keyof Script]: Script[member] | undefined } & { parts: ScriptPart[] };

function readDirective(script: Draft, word: string, rest: string): void {
  const numbers = rest.split(/\s+/).map(Number);
  switch (word) {
    case 'say':
      script.parts.push({ type: 'text', text: rest });
      break;
    case 'think':
      script.parts.push({ type: 'reasoning', text: rest });
      break;
    case 'refuse':
      script.parts.push({ type: 'refusal', text: rest });
      break;
    case 'call': {
      const space = rest.search(/\s/);
      const name = space === -1 ? rest : rest.slice(0, space);
      script.parts.push({ type: 'tool-call', name, arguments: space === -1 ? '{}' : rest.slice(space).trim() });
      break;
    }
    case 'stop':
      script.stop = STOPS.find((each) => each === rest);
      break;
    case 'usage': {
      const [input = 0, output = 0, cached, reasoning] = numbers;
      script.usage = rest === 'none' ? 'none' : { input, output, cached, reasoning };
      break;
    }
    case 'delay':
      script.delayMs = numbers[0] ?? 0;
      break;
    case 'pace':
      script.paceMs = numbers[0] ?? 0;
      break;
    case 'chunks':
      script.chunks = Math.max(1, numbers[0] ?? 1);
      break;
    case 'fail':
    case 'hang':
    case 'reset':
    case 'garbage':
      script.fault = readFault(word, rest);
      break;
  }
}

function readFault(word: 'fail' | 'hang' | 'reset' | 'garbage', rest: string): ScriptFault {
  const [, words = '', count] = /^(.*?)\s*(?:\*(\d+))?$/.exec(rest) ?? [];
  const times = count === undefined ? FOREVER : Number(count);
  if (word !== 'fail') return { type: word, at: words === 'stream' ? 'stream' : 'head', times };
  const [status = 500, retryAfterS] = words.split(/\s+/).map(Number);
  return { type: 'status', status, retryAfterS, times };
}

/** `text` in that many pieces, cut between characters; fewer where it is short. */
export function cutText(text: string, pieces: number): readonly string[] {
  const characters = [...text];
  const size = Math.max(1, Math.ceil(characters.length / pieces));
  const cut: string[] = [];
  for (let i = 0; i < characters.length; i += size) cut.push(characters.slice(i, i + size).join(''));
  return cut;
}

/** The usage a script tells of; undefined: none. */
export function usageOf(script: Script, prompt: string): ScriptUsage | undefined {
  if (script.usage === 'none') return undefined;
  if (script.usage !== undefined) return script.usage;
  const produced = script.parts.reduce(
    (sum, part) => sum + (part.type === 'tool-call' ? part.arguments : part.text).length,
    0,
  );
  const tokens = (characters: number): number => Math.ceil(characters / 4);
  return { input: tokens(prompt.length), output: tokens(produced), cached: undefined, reasoning: undefined };
}
