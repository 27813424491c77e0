/** What a misdeed of a hostile server is given: one call of a tool, and words to answer it with, whatever carries them. */

export type Era = 'legacy' | 'modern';

export interface Turn {
  readonly era: Era;
  readonly id: number;
  /** The argument `text` of the call. */
  readonly text: string;
  /** Token for progress, if the gateway gave one. */
  readonly token: unknown;
  /** Writes one message. */
  send(message: object): void;
  /** Writes one message that is perhaps none. */
  write(text: string): void;
  /** The gateway's answer to the request of that id. */
  answerTo(id: string | number): Promise<Message>;
  /** Nothing more will come for this call; a stdio server ignores it. */
  end(): void;
}

export interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly cursor?: string;
    readonly arguments?: { readonly text?: string };
    readonly _meta?: { readonly progressToken?: unknown };
  };
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

export type Act = (turn: Turn) => void | Promise<void>;
export type Acts = { readonly [name: string]: Act };

export const textResult = (text: string, more: object = {}): object => ({
  content: [{ type: 'text', text }],
  ...more,
});

/** The proper answer. */
export function respond(turn: Turn, text = turn.text, more: object = {}): void {
  const era = turn.era === 'modern' ? { resultType: 'complete' } : {};
  turn.send({ id: turn.id, result: textResult(text, { ...era, ...more }) });
  turn.end();
}

/** Everything but calls, answered as a good server would; undefined: it is a call, or needs no answer. */
export function answerProperly(era: Era, message: Message, acts: readonly string[]): object | undefined {
  const { id, method } = message;
  if (id === undefined || method === undefined || method === 'tools/call') return undefined;
  if (method === 'ping') return { id, result: {} };
  const serverInfo = { name: 'hostile', version: '1.0.0' };
  // No listChanged: nobody may rely on being told, and a server that tells all the same is to be borne.
  const capabilities = { tools: {} };
  if (method === 'initialize' && era === 'legacy')
    return { id, result: { protocolVersion: '2025-11-25', capabilities, serverInfo } };
  if (method === 'server/discover' && era === 'modern') {
    const _meta = { 'io.modelcontextprotocol/serverInfo': serverInfo };
    return { id, result: { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities, _meta } };
  }
  if (method === 'tools/list') {
    const inputSchema = { type: 'object', properties: { text: { type: 'string' } } };
    const tools = acts.map((name) => ({ name, description: name, inputSchema }));
    const hints = era === 'modern' ? { resultType: 'complete', ttlMs: 60_000, cacheScope: 'private' } : {};
    return { id, result: { tools, ...hints } };
  }
  return { id, error: { code: -32601, message: 'Method not found' } };
}

/** Remembers who waits for which answer of the gateway. */
export function createAnswers(): { take(message: Message): void; wait(id: string | number): Promise<Message> } {
  const waiting = new Map<string | number, (message: Message) => void>();
  return {
    take(message) {
      if (message.id === undefined || message.method !== undefined) return;
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    },
    wait: (id) => new Promise((resolve) => void waiting.set(id, resolve)),
  };
}
