/** What our conformance fixture offers: the names and shapes the official suite expects, in words that fit both protocol eras. */

export type JsonObject = Record<string, unknown>;

/** A question to the client: `elicitation/create`, `sampling/createMessage` or `roots/list`. */
export interface Question {
  readonly method: string;
  readonly params: JsonObject;
}

/** How a tool or prompt talks to the client while it runs; each era implements it in its own way. */
export interface FixtureIo {
  readonly era: 'legacy' | 'modern';
  readonly clientCapabilities: JsonObject;
  /** Answers to the questions of the round before, by key; only well-formed ones. */
  readonly answers: JsonObject;
  /** What the round before put into `state`, verified. */
  readonly state: unknown;
  progress(progress: number, total: number): Promise<void>;
  log(level: string, data: unknown): Promise<void>;
  /** The tool or prompt list was changed: tell everybody who listens. */
  changed(list: 'tools' | 'prompts'): void;
  updated(uri: string): void;
  /** Aborted when the client gives the call up. */
  readonly signal: AbortSignal;
  /** 2025-11-25: ends the event stream of this call, so that the client has to come back for the answer. */
  dropStream(): void;
}

/** Either an answer, or questions (and state) after whose answers the same call is made again. */
export type Turn =
  | { readonly result: JsonObject }
  | { readonly questions: { readonly [key: string]: Question }; readonly state?: unknown };

/** Thrown where the answer is to be a JSON-RPC error. */
export class FixtureError extends Error {
  readonly code: number;
  readonly data: JsonObject | undefined;
  constructor(code: number, message: string, data?: JsonObject) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export interface FixtureTool {
  readonly definition: JsonObject & { readonly name: string };
  run(args: JsonObject, io: FixtureIo): Turn | Promise<Turn>;
  /**
   * It may be answered with a task: to clients that know tasks, to nobody else (`required`), or to everybody (`always`),
   * once it is ready.
   */
  readonly task?: {
    readonly support: 'optional' | 'required' | 'always';
    readonly isReady?: (io: FixtureIo) => boolean;
  };
}

export interface FixturePrompt {
  readonly definition: JsonObject & { readonly name: string };
  run(args: JsonObject, io: FixtureIo): Turn;
}

/** The smallest PNG: one red pixel. */
export const PNG_BASE64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';

/** A WAV of eight silent samples (8 kHz, mono, 8 bit), made here so that it is certainly valid. */
export function silentWavBase64(): string {
  const samples = Buffer.alloc(8, 128);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]).toString('base64');
}

export const text = (value: string): JsonObject => ({ type: 'text', text: value });
export const image = (): JsonObject => ({ type: 'image', data: PNG_BASE64, mimeType: 'image/png' });
export const textResult = (value: string): Turn => ({ result: { content: [text(value)] } });

/** A form with these properties, all of them required. */
export function form(message: string, properties: JsonObject): Question {
  return {
    method: 'elicitation/create',
    params: {
      message,
      requestedSchema: { type: 'object', properties, required: Object.keys(properties) },
    },
  };
}

export function sample(prompt: string, maxTokens: number): Question {
  return {
    method: 'sampling/createMessage',
    params: { messages: [{ role: 'user', content: text(prompt) }], maxTokens },
  };
}

export const roots: Question = { method: 'roots/list', params: {} };
