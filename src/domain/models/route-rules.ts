/** Routing rules: conditions in CEL over who asks, for which model, with what request; the first that holds decides. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ChatRequest } from '../../contracts/chat.ts';
import { ROUTE_VARIABLES, type RouteRule } from '../../contracts/models-config.ts';
import { type CelCondition, type CelSize, createCelCompiler } from '../../lib/cel.ts';

/** Undefined: no rule holds. */
export type DecideRoute = (call: ModelCall) => RouteRule | undefined;

/** Throws if a condition does not compile; the configuration has checked that it does. */
export function compileRoutes(rules: readonly RouteRule[]): DecideRoute {
  const compile = createCelCompiler(ROUTE_VARIABLES);
  const compiled = rules.map((rule): { readonly rule: RouteRule; readonly condition: CelCondition } => {
    const result = compile(rule.when);
    if (!result.ok) throw new Error(`routing rule ${rule.name}: ${result.message}`);
    return { rule, condition: result.condition };
  });
  if (compiled.length === 0) return () => undefined;
  return (call) => {
    const headers = Object.fromEntries(readHeaders(call));
    const values = { key: keyOf(call), model: call.name, headers, request: facts(call) };
    const size = sizeOf(call.name, headers);
    for (const { rule, condition } of compiled) {
      const answer = condition.decide(values, size);
      if ('holds' in answer && answer.holds) return rule;
    }
    return undefined;
  };
}

function keyOf({ facts: { caller, budgetShare = 0 } }: ModelCall): object {
  return { name: caller?.keyName ?? '', budgetUsedPercent: BigInt(Math.floor(budgetShare * 100)) };
}

/** Headers that cannot be read (one stands there twice) are none. */
function readHeaders({ routingHeaders }: ModelCall): Iterable<readonly [string, string]> {
  try {
    return routingHeaders?.() ?? [];
  } catch {
    return [];
  }
}

function sizeOf(model: string, headers: { readonly [name: string]: string }): CelSize {
  const texts = Object.values(headers);
  return {
    count: texts.length + 8,
    longestChars: texts.reduce((most, text) => Math.max(most, text.length), model.length),
  };
}

const CHARS_PER_TOKEN = 4;

/** Worked out only where a condition asks: a request that is forwarded as it came need not be decoded otherwise. */
function facts(call: ModelCall): object {
  const request = call.model;
  const chat = request.operation === 'chat' || request.operation === 'count' ? request.chat : undefined;
  return {
    operation: request.operation,
    dialect: 'dialect' in request ? request.dialect : '',
    stream: request.operation === 'chat' && request.stream,
    get hasTools() {
      return chat !== undefined && chat().tools.length > 0;
    },
    get hasImages() {
      return chat?.().messages.some(({ parts }) => parts.some(({ type }) => type === 'image')) ?? false;
    },
    get tokens() {
      return BigInt(Math.ceil(charsOf(call, chat) / CHARS_PER_TOKEN));
    },
  };
}

function charsOf(call: ModelCall, chat: (() => ChatRequest) | undefined): number {
  if (chat !== undefined) return chatChars(chat());
  if (call.model.operation !== 'embed') return call.params.text.length;
  return call.model
    .embed()
    .inputs.reduce(
      (sum, input) => sum + (typeof input === 'string' ? input.length : input.length * CHARS_PER_TOKEN),
      0,
    );
}

/** Texts, arguments and definitions of tools; pictures and sounds are not counted by the length of their base64. */
function chatChars({ messages, tools }: ChatRequest): number {
  let chars = 0;
  for (const { parts } of messages)
    for (const part of parts) {
      if (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') chars += part.text.length;
      else if (part.type === 'tool-call') chars += part.name.length + part.arguments.length;
      else if (part.type === 'foreign') chars += JSON.stringify(part.value).length;
    }
  for (const tool of tools)
    if (tool.type === 'function')
      chars += tool.name.length + (tool.description?.length ?? 0) + JSON.stringify(tool.parameters ?? {}).length;
    else chars += JSON.stringify(tool).length;
  return chars;
}
