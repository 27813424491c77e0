/** What an ordinary program does with a model through an SDK, in words that are the same for every SDK. */

/** A call the model suggests, with its arguments parsed. */
export interface SuggestedCall {
  readonly name: string;
  readonly arguments: unknown;
}

export interface Told {
  readonly text: string;
  readonly calls: readonly SuggestedCall[];
  /** Undefined: the SDK does not tell. */
  readonly usage: { readonly input: number; readonly output: number } | undefined;
  /** Pieces the text came in; 1 where it was not streamed. */
  readonly pieces: number;
}

export interface Ask {
  readonly model: string;
  readonly prompt: string;
  readonly system?: string;
  /** Base64 of a PNG. */
  readonly image?: string;
  /** The program offers `get_weather(city)`. */
  readonly withTool?: boolean;
}

/** One SDK, set up with nothing but base URL and key of the gateway. A method it has no such thing for is undefined. */
export interface SdkClient {
  readonly name: string;
  chat(ask: Ask): Promise<Told>;
  stream(ask: Ask): Promise<Told>;
  /** Asks with the tool, gives each suggested call the result `sunny in CITY`, and returns what is said then. */
  useTool(ask: Ask): Promise<string>;
  /** An object of the schema `PERSON`. */
  structured(ask: Ask): Promise<unknown>;
  embed: ((model: string, texts: readonly string[]) => Promise<readonly (readonly number[])[]>) | undefined;
  /** HTTP status of the error it throws. */
  failure(ask: Ask): Promise<{ readonly status: number | undefined; readonly message: string }>;
  /** Streams, and goes away after the first piece. Undefined: the SDK itself breaks on it, also without us. */
  readonly abort: ((ask: Ask) => Promise<void>) | undefined;
  /** It adds up figures that the vendor means as replacing each other, also without us. */
  readonly misreadsStreamedUsage?: boolean;
  /** What a model's name has to begin with for the SDK to believe that it can see. */
  readonly modelPrefix?: string;
}

export interface Connection {
  /** Without a trailing slash: `http://127.0.0.1:8484`. */
  readonly url: string;
  readonly key: string;
}

export type CreateClient = (connection: Connection) => SdkClient;

export const WEATHER = {
  name: 'get_weather',
  description: 'The weather in a city',
  parameters: {
    type: 'object' as const,
    properties: { city: { type: 'string' as const, description: 'Name of the city' } },
    required: ['city'],
    additionalProperties: false,
  },
};

export const PERSON = {
  type: 'object' as const,
  properties: { name: { type: 'string' as const }, age: { type: 'integer' as const } },
  required: ['name', 'age'],
  additionalProperties: false,
};

export const weatherIn = (args: unknown): string => `sunny in ${(args as { city?: unknown } | undefined)?.city}`;

/** Status and message of whatever an SDK throws. */
export async function failureOf(run: () => Promise<unknown>): Promise<{ status: number | undefined; message: string }> {
  try {
    await run();
  } catch (error) {
    return { status: statusOf(error), message: error instanceof Error ? error.message : String(error) };
  }
  throw new Error('did not fail');
}

function statusOf(error: unknown): number | undefined {
  const { status, statusCode, code, lastError, cause } = error as { [name: string]: unknown };
  for (const each of [status, statusCode, code]) if (typeof each === 'number') return each;
  const inner = lastError ?? cause;
  return typeof inner === 'object' && inner !== null ? statusOf(inner) : undefined;
}
