/** Server-sent events (WHATWG HTML §9.2): encoding of one event, and an incremental decoder with a size bound. */

export interface SseEvent {
  /** Event type; 'message' when the stream named none. */
  readonly event: string;
  readonly data: string;
  /** Last event id in force, or undefined if the stream never set one. */
  readonly id: string | undefined;
  /** Reconnection time the event carried, in milliseconds. */
  readonly retryMs: number | undefined;
}

/** One event as it goes on the wire. Line breaks in `data` become several data lines. */
export function encodeSse(data: string, options: { event?: string; id?: string; retryMs?: number } = {}): string {
  let out = '';
  if (options.event !== undefined) out += `event: ${options.event}\n`;
  if (options.id !== undefined) out += `id: ${options.id}\n`;
  if (options.retryMs !== undefined) out += `retry: ${options.retryMs}\n`;
  if (!/[\r\n]/.test(data)) return `${out}data: ${data}\n\n`;
  for (const line of data.split(/\r\n|\r|\n/)) out += `data: ${line}\n`;
  return `${out}\n`;
}

/** A comment line: keeps intermediaries from closing a quiet stream, and is ignored by every reader. */
export const SSE_KEEP_ALIVE = ': keep-alive\n\n';

const LINE_BREAK = /[\r\n]/;

export class SseTooLargeError extends Error {
  override readonly name = 'SseTooLargeError';
}

/**
 * Incremental decoder: feed it decoded text, it hands out whole events. `onEvent` gets events with data, and events
 * without data only if they carry an id or a retry (2025-11-25 priming events). Throws SseTooLargeError when one event
 * outgrows `maxEventChars`.
 */
export function createSseDecoder(
  onEvent: (event: SseEvent) => void,
  maxEventChars: number,
): { push(text: string): void } {
  let rest = '';
  let data: string[] = [];
  let dataChars = 0;
  let event = '';
  let id: string | undefined;
  let retryMs: number | undefined;
  let sawId = false;
  let firstText = true;
  /** Of `rest`. */
  let endsInCarriage = false;

  const requireBound = (): void => {
    if (rest.length > maxEventChars + 64)
      throw new SseTooLargeError(`a line is larger than ${maxEventChars} characters`);
  };

  const endEvent = (): void => {
    if (data.length > 0 || sawId || retryMs !== undefined)
      onEvent({ event: event || 'message', data: data.join('\n'), id, retryMs });
    data = [];
    dataChars = 0;
    event = '';
    retryMs = undefined;
    sawId = false;
  };

  const takeLine = (line: string): void => {
    if (line === '') return endEvent();
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') {
      // Its line break counts, or empty lines would be free.
      dataChars += value.length + 1;
      if (dataChars > maxEventChars) throw new SseTooLargeError(`an event is larger than ${maxEventChars} characters`);
      data.push(value);
    } else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) {
      id = value;
      sawId = true;
    } else if (field === 'retry' && /^\d+$/.test(value)) retryMs = Number(value);
  };

  return {
    push(text) {
      // A line that is still open is only lengthened: looking through all of it again for each piece that comes would make
      // whoever sends it byte by byte cost us the square of it.
      if (rest !== '' && !endsInCarriage && !LINE_BREAK.test(text)) {
        rest += text;
        return requireBound();
      }
      let input = rest + text;
      if (firstText && input.length > 0) {
        firstText = false;
        if (input.charCodeAt(0) === 0xfeff) input = input.slice(1);
      }
      let start = 0;
      // Positions of the next line feed and carriage return, looked up again only once they are passed.
      let feed = input.indexOf('\n');
      let carriage = input.indexOf('\r');
      for (;;) {
        if (feed !== -1 && feed < start) feed = input.indexOf('\n', start);
        if (carriage !== -1 && carriage < start) carriage = input.indexOf('\r', start);
        const isCarriage = carriage !== -1 && (feed === -1 || carriage < feed);
        const end = isCarriage ? carriage : feed;
        if (end === -1) break;
        // A carriage return at the very end may be half of \r\n: wait for the next text.
        if (isCarriage && end + 1 >= input.length) break;
        takeLine(input.slice(start, end));
        start = isCarriage && input.charCodeAt(end + 1) === 0x0a ? end + 2 : end + 1;
      }
      rest = input.slice(start);
      endsInCarriage = rest.endsWith('\r');
      requireBound();
    },
  };
}
