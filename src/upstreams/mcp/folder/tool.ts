/** The public module `portcullis/tools`: what a file in a folder of hosted tools writes. Depends on nothing of ours. */

export { z } from 'zod';

/** Any schema with the Standard Schema interface and a JSON Schema of itself: zod 4 has both. */
export interface ValidatingSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** JSON Schema 2020-12 of an object. Keywords that cannot be checked (`if`, `not`, remote `$ref`, …) are refused. */
export interface ObjectSchema {
  readonly type: 'object';
  readonly [keyword: string]: unknown;
}

export type ToolSchema = ValidatingSchema | ObjectSchema;

/** What a handler gets: the schema's output, or plain properties for a JSON Schema. */
export type Arguments<Schema> =
  Schema extends ValidatingSchema<infer Output> ? Output : { readonly [name: string]: unknown };

export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error';

export interface ToolContext {
  /** Aborted when the client cancels, the call's time is up, or the gateway stops. Hand it on to whatever waits. */
  readonly signal: AbortSignal;
  /** A line for the operator's log, and for clients that asked for log messages of this level. */
  log(level: LogLevel, message: string, data?: unknown): void;
  /** Tells a client that asked for it how far the call is. */
  progress(done: number, total?: number, message?: string): void;
  /** What is known of the calling program. It says this of itself: nothing to decide on. */
  readonly caller: { readonly name: string; readonly version: string } | undefined;
}

export interface ContentBlock {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A full MCP result, passed on as it is. */
export interface ToolContent {
  readonly content: readonly ContentBlock[];
  readonly structuredContent?: { readonly [name: string]: unknown };
  readonly isError?: boolean;
  readonly _meta?: { readonly [name: string]: unknown };
}

/** Text, a value (becomes `structuredContent` if it is an object, and JSON text), or a full MCP result. */
export type ToolResult = string | number | boolean | object | null | undefined;

export interface ToolDefinition<Input extends ToolSchema | undefined = ToolSchema | undefined> {
  /** Default: the name of the file, or of the export if the file has several tools. Letters, digits, `_`, `-` and `.`, at most 64. */
  readonly name?: string;
  /** For people. */
  readonly title?: string;
  /** What it does and when to use it: the model reads this. */
  readonly description: string;
  /** Arguments are checked against it before the handler runs. Left out: there are none. */
  readonly input?: Input;
  /** If given, results must be objects that match it. */
  readonly output?: ToolSchema;
  /** Hints for clients and for the gateway. Left out: it may change and destroy things. */
  readonly annotations?: {
    /** Changes nothing: the call may be repeated, and is not written to the trail in advance. */
    readonly readOnly?: boolean;
    /** Calling it again with the same arguments changes nothing more. */
    readonly idempotent?: boolean;
    readonly destructive?: boolean;
    /** Reaches beyond this machine. */
    readonly openWorld?: boolean;
  };
  /** What it throws becomes an error result with its message; the stack goes to the operator's log. */
  readonly handler: (args: Arguments<Input>, context: ToolContext) => ToolResult | Promise<ToolResult>;
}

/** Checks the types of a tool and returns it unchanged. Export the result from a file in the folder. */
export function tool<const Input extends ToolSchema | undefined = undefined>(
  definition: ToolDefinition<Input>,
): ToolDefinition<Input> {
  return definition;
}
